"""The cache: the same tests for Redis and for its twin."""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

import numpy as np
import pytest
from redis import Redis

from millrace.nlp.cache.cells import Cells, MemoryCells, RedisCells, redis_cells
from millrace.nlp.cache.findings import Finding
from millrace.nlp.cache.memory import Memory
from millrace.nlp.cache.sealed import SealedCells
from millrace.nlp.cache.topics import TopicMemory
from millrace.nlp.cache.version import COUNTS
from millrace.nlp.domain.annotate import Annotation
from millrace.nlp.domain.entities import Entity
from millrace.nlp.domain.reasons import Reason
from millrace.nlp.domain.recognition import Known
from millrace.nlp.domain.sentiment import Sentiment
from millrace.nlp.domain.units import Source
from millrace.nlp.errors import CacheUnavailable
from millrace.storage.items import MemoryItems
from millrace.storage.kms import MAX_AGE_S, KmsEnvelope
from millrace.storage.master_key import MemoryMasterKey
from millrace.storage.memory import MemoryEnvelope
from millrace.storage.tenant_keys import TenantKeys
from millrace.testing.metering import changes, read

SOURCE = Source("The zip broke.", "1", "en")
FINDING = Finding(
    Annotation(
        sentiment=Sentiment(-0.5, 0.75), themes=("quality",), tier=1, reason=Reason("product_defect", 0.9),
        flags=("urgent",), entities=(Entity("order", "4711", 3, 7),),
    ),
    np.linspace(-1, 1, 384, dtype=np.float16).astype(np.float32),
)  # fmt: skip


@pytest.fixture(params=["memory", "redis"])
def cells(request: pytest.FixtureRequest) -> Cells:
    if request.param == "memory":
        return MemoryCells()
    redis: Redis = request.getfixturevalue("redis")
    return RedisCells(redis)


def memory(cells: Cells, envelope: MemoryEnvelope, tenant: str = "acme", version: str = "1", ttl_s: int = 60) -> Memory:
    """A part's use of the cache in a process of its own."""
    return Memory(SealedCells(cells, envelope), tenant, version, ttl_s)


def stored(cells: Cells) -> dict[bytes, bytes]:
    """Everything in the store."""
    if isinstance(cells, MemoryCells):
        return {name.encode(): data for name, (data, _) in cells.cells.items()}
    assert isinstance(cells, RedisCells)
    return {name: cells.client.get(name) for name in cells.client.keys("*")}


def test_what_one_process_remembers_another_recalls(cells: Cells) -> None:
    # Given two processes with the same master key
    envelope = MemoryEnvelope()
    memory(cells, envelope).remember({SOURCE: FINDING})

    # When the second one looks for that text and for another
    found = memory(cells, envelope).recall([SOURCE, Source("Another.", "2", "en"), SOURCE])

    # Then it has everything that was found out about the first
    assert found.keys() == {SOURCE}
    assert found[SOURCE].annotation == FINDING.annotation
    assert np.array_equal(found[SOURCE].vector, FINDING.vector)


def test_lookups_are_counted_by_what_came_of_them(cells: Cells) -> None:
    # Given a text that is known
    envelope = MemoryEnvelope()
    memory(cells, envelope).remember({SOURCE: FINDING})
    before = read()

    # When it and two others are looked for, and then a store that is gone is asked
    memory(cells, envelope).recall([SOURCE, Source("Another.", "2", "en"), Source("A third.", "3", "en")])
    memory(redis_cells("redis://127.0.0.1:1/0"), envelope).recall([SOURCE])

    # Then each text counts once, and the fault too
    assert changes(before) == {
        "cache_lookups_total{cache=findings,result=hit}": 1,
        "cache_lookups_total{cache=findings,result=miss}": 2,
        "cache_lookups_total{cache=findings,result=error}": 1,
    }


@pytest.mark.parametrize(
    ("source", "other"),
    [
        (SOURCE, {"tenant": "rival"}),
        (SOURCE, {"version": "2"}),
        (Source("the ZIP broke.", "1", "en"), {}),
        (Source("The zip broke.", "1", "de"), {}),
    ],
    ids=["tenant", "version", "case", "language"],
)
def test_nothing_else_is_recalled(cells: Cells, source: Source, other: dict[str, str]) -> None:
    # Given a remembered text
    envelope = MemoryEnvelope()
    memory(cells, envelope).remember({SOURCE: FINDING})

    # Then another tenant, another version, and another spelling or language do not find it
    assert memory(cells, envelope, **other).recall([source]) == {}


def test_the_store_sees_neither_texts_nor_findings(cells: Cells) -> None:
    # Given a remembered text
    memory(cells, MemoryEnvelope()).remember({SOURCE: FINDING})

    # Then no name or value holds it, its hash or what was found
    told = b" ".join(part for pair in stored(cells).items() for part in pair)
    assert all(word not in told for word in (b"zip", b"product_defect", b"quality", b"4711"))


def test_altered_and_swapped_values_are_not_recalled(cells: Cells) -> None:
    # Given two remembered texts whose values somebody swapped
    envelope = MemoryEnvelope()
    other = Source("Another.", "2", "en")
    memory(cells, envelope).remember({SOURCE: FINDING, other: FINDING})
    pairs = [(name.decode().removeprefix("nlp:"), data) for name, data in stored(cells).items() if b":key" not in name]
    (one, first), (two, second) = pairs
    cells.put({one: second, two: first[:-1] + b"?"}, 60)

    # Then neither is believed
    assert memory(cells, envelope).recall([SOURCE, other]) == {}


def test_every_folder_counts_for_the_version_but_the_encoders_own() -> None:
    # Then a new one, too: the encoder has a version of its own, and training leaves its mark in the data
    folders = {each.name for each in files("millrace.nlp").iterdir() if each.is_dir()} - {"__pycache__"}
    assert folders == {*COUNTS, "embedding", "training"}


def test_what_is_remembered_expires() -> None:
    # Given a clock and a text that is remembered for a minute
    now = [0.0]
    cells, envelope = MemoryCells(clock=lambda: now[0]), MemoryEnvelope()
    memory(cells, envelope).remember({SOURCE: FINDING})

    # Then it is known after 59 seconds and forgotten after 61
    now[0] = 59
    assert memory(cells, envelope).recall([SOURCE])
    now[0] = 61
    assert not memory(cells, envelope).recall([SOURCE])


def test_redis_keeps_nothing_for_ever(redis: Redis) -> None:
    # Given a remembered text
    memory(RedisCells(redis), MemoryEnvelope()).remember({SOURCE: FINDING})

    # Then every key has an end, that of the finding within a minute
    ends = [redis.ttl(name) for name in redis.keys("*")]
    assert len(ends) == 2
    assert all(end > 0 for end in ends)
    assert min(ends) <= 60


def test_two_processes_that_begin_together_agree_on_a_key(cells: Cells) -> None:
    # Given a process that has made a key which the store did not show to the other one yet
    class Late(MemoryCells):
        def get(self, names: Sequence[str]) -> list[bytes | None]:
            return [None] * len(names)

        def put_first(self, name: str, data: bytes, ttl_s: int) -> bytes:
            return cells.put_first(name, data, ttl_s)

        def put(self, given: Mapping[str, bytes], ttl_s: int) -> None:
            cells.put(given, ttl_s)

    envelope = MemoryEnvelope()
    memory(cells, envelope).remember({SOURCE: FINDING})
    other = Source("Another.", "2", "en")
    memory(Late(), envelope).remember({other: FINDING})

    # Then both seal under the key that was there first
    assert memory(cells, envelope).recall([SOURCE, other]).keys() == {SOURCE, other}


class Broken(MemoryCells):
    """A store that never answers, and counts how often it was asked."""

    asked = 0

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        self.asked += 1
        raise CacheUnavailable("redis: TimeoutError")


def test_a_store_that_fails_is_asked_once_and_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    # Given a store that does not answer
    broken = Broken()
    part = memory(broken, MemoryEnvelope())

    # When a part looks and remembers
    assert part.recall([SOURCE]) == {}
    part.remember({SOURCE: FINDING})

    # Then it asked once, counted one fault and wrote one line
    assert (broken.asked, part.faults) == (1, 1)
    assert [record.getMessage() for record in caplog.records] == ["cache_unavailable"]


def test_a_redis_that_is_gone_is_a_fault_and_no_error() -> None:
    # Given an address where nobody listens
    part = memory(redis_cells("redis://127.0.0.1:1/0"), MemoryEnvelope())

    # Then nothing is known
    assert (part.recall([SOURCE]), part.faults) == ({}, 1)


def test_a_slow_store_is_left_alone() -> None:
    # Given a clock on which every look takes half a second, and texts for three looks
    now = [0.0]

    class Slow(MemoryCells):
        def get(self, names: Sequence[str]) -> list[bytes | None]:
            now[0] += 0.5
            return super().get(names)

    clock: Callable[[], float] = lambda: now[0]  # noqa: E731
    part = Memory(SealedCells(Slow(), MemoryEnvelope(), clock=clock), "acme", "1", 60, clock=clock)

    # When they are looked for
    part.recall([Source(f"text {n}", str(n), "en") for n in range(1_200)])

    # Then only one look was made, and one for the key
    assert part.faults == 1
    assert now[0] == 1.0


def test_without_time_no_request_is_made(cells: Cells) -> None:
    # Given a part that has no time left
    part = Memory(SealedCells(cells, MemoryEnvelope()), "acme", "1", 60, keep_going=lambda: False)

    # Then it neither keeps nor looks for anything, which is no fault
    part.remember({SOURCE: FINDING})
    assert (part.recall([SOURCE]), part.faults, stored(cells)) == ({}, 0, {})


def test_without_a_store_or_a_time_nothing_is_remembered(cells: Cells) -> None:
    # Given memories that are switched off
    for part in (Memory(None, "acme", "1", 60), memory(cells, MemoryEnvelope(), ttl_s=0)):
        part.remember({SOURCE: FINDING})
        assert (part.recall([SOURCE]), part.faults) == ({}, 0)
    assert stored(cells) == {}


def test_topics_are_remembered_by_tenant_and_model(cells: Cells) -> None:
    # Given the topics of a batch
    sealed = SealedCells(cells, MemoryEnvelope())
    centre = np.linspace(-1, 1, 384, dtype=np.float16).astype(np.float32)
    TopicMemory(sealed, "acme", "minilm").keep([Known("topic_1", "parking", centre)])

    # Then the same tenant knows them with the same model, and nobody else
    (known,) = TopicMemory(sealed, "acme", "minilm").recall()
    assert (known.id, known.term) == ("topic_1", "parking")
    assert np.array_equal(known.centre, centre)
    assert TopicMemory(sealed, "rival", "minilm").recall() == []
    assert TopicMemory(sealed, "acme", "other").recall() == []


def test_topics_do_without_a_store_that_fails() -> None:
    # Given a store that does not answer
    part = TopicMemory(SealedCells(Broken(), MemoryEnvelope()), "acme", "minilm")

    # Then nothing is known or kept, and one fault is counted
    assert part.recall() == []
    part.keep([Known("topic_1", "parking", np.ones(384, dtype=np.float32))])
    assert part.faults == 1


def test_a_shredded_tenants_data_key_is_forgotten_with_its_own(cells: Cells) -> None:
    # Given a process whose envelope read the tenant's keys a while before the cache was first used
    now = [0.0]
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731
    keys = TenantKeys(items=MemoryItems(), master=MemoryMasterKey())
    envelope = KmsEnvelope(keys, clock)
    envelope.encrypt(b"", {"tenant": "acme", "purpose": "artifact"})
    sealed = SealedCells(cells, envelope, clock=clock)
    now[0] = MAX_AGE_S - 1
    sealed.put("acme", {b"name": b"value"}, 60)

    # When the tenant is shredded, and its keys are too old to be kept
    keys.shred("acme")
    now[0] = MAX_AGE_S + 1

    # Then nothing is read or kept
    with pytest.raises(CacheUnavailable, match="Shredded"):
        sealed.get("acme", [b"name"])
    with pytest.raises(CacheUnavailable, match="Shredded"):
        sealed.put("acme", {b"name": b"value"}, 60)


def test_a_data_key_that_opens_no_more_is_replaced(cells: Cells) -> None:
    # Given a store whose data key was sealed by keys that are gone
    memory(cells, MemoryEnvelope()).remember({SOURCE: FINDING})
    envelope = MemoryEnvelope()

    # When another process remembers something
    part = memory(cells, envelope)
    part.remember({SOURCE: FINDING})

    # Then it could, and the next one recalls it
    assert part.faults == 0
    assert memory(cells, envelope).recall([SOURCE]).keys() == {SOURCE}


def test_a_shredded_tenant_has_no_memory(cells: Cells) -> None:
    # Given a tenant whose keys are gone for good
    keys = TenantKeys(items=MemoryItems(), master=MemoryMasterKey())
    memory(cells, KmsEnvelope(keys)).remember({SOURCE: FINDING})
    before = stored(cells)
    keys.shred("acme")

    # When a process that did not know them looks, or would remember
    part = memory(cells, KmsEnvelope(keys))
    found = part.recall([SOURCE])
    part.remember({SOURCE: FINDING})

    # Then nothing is known, nothing is written, and a fault is counted
    assert (found, part.faults > 0, stored(cells)) == ({}, True, before)


def test_topics_of_another_format_are_not_read(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given topics as another release wrote them
    sealed = SealedCells(cells, MemoryEnvelope())
    TopicMemory(sealed, "acme", "minilm").keep([Known("topic_1", "parking", np.ones(384, dtype=np.float32))])
    monkeypatch.setattr("millrace.nlp.cache.topics.FORMAT", 99)

    # Then none are known
    assert TopicMemory(sealed, "acme", "minilm").recall() == []
