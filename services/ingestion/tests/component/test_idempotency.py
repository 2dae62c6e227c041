"""One Idempotency-Key, one run: missing, malformed, used before, used for something else, and still in progress."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from services.ingestion.tests.component.world import AUTH, RIVALS, TENANT, World

from millrace.contracts.run import RunRecord
from millrace.ingestion.adapters import ParserPool
from millrace.ingestion.errors import KeyMissing
from millrace.ingestion.idempotency import fingerprint, key_of
from millrace.storage.errors import Conflict, Repeated
from millrace.storage.memory import MemoryRuns
from millrace.storage.ports import Idempotency

CSV = (b"id,review,stars\n1,Lovely and soft,5\n2,Too small,2\n", "text/csv")
JSON = (b'{"records": [{"record_id": "1", "text": "fine"}]}', "application/json")
KEY = {"idempotency-key": "k-1"}


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:millrace:problem:")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (["k-1"], "k-1"), (['"k-1"'], "k-1"), ([r'"a\"b\\c"'], 'a"b\\c'), ([" k-1 "], "k-1"), (["k" * 255], "k" * 255),
        (["a\"b"], 'a"b'),
    ],
)  # fmt: skip
def test_a_key_is_taken_bare_or_quoted(given: list[str], key: str) -> None:
    assert key_of(given) == key


@pytest.mark.parametrize(
    "given",
    [[], [""], [" "], ['""'], ['"open'], ['"'], ["a b"], ["k" * 256], ["é"], ["a\tb"], ["a\0b"], ["a", "b"], ['"a"b"']],
)
def test_what_is_no_key_is_refused(given: list[str]) -> None:
    with pytest.raises(KeyMissing):
        key_of(given)


def test_everything_that_decides_what_a_request_does_is_in_its_fingerprint() -> None:
    same = fingerprint("POST", "/v1/runs", [("a", "1"), ("b", "2")], "text/csv", b"x")
    assert same == fingerprint("POST", "/v1/runs", [("b", "2"), ("a", "1")], "text/csv", b"x")
    others = [
        fingerprint("PUT", "/v1/runs", [("a", "1"), ("b", "2")], "text/csv", b"x"),
        fingerprint("POST", "/v1/run", [("a", "1"), ("b", "2")], "text/csv", b"x"),
        fingerprint("POST", "/v1/runs", [("a", "1,b"), ("", "2")], "text/csv", b"x"),
        fingerprint("POST", "/v1/runs", [("a", "1"), ("b", "2")], "text/tsv", b"x"),
        fingerprint("POST", "/v1/runs", [("a", "1"), ("b", "2")], "text/csv", b"y"),
    ]
    assert len({same, *others}) == 6


@pytest.mark.parametrize("key", ["", "a b", "k" * 256])
def test_a_request_without_a_key_is_refused_before_anything_else(world: World, key: str) -> None:
    answer = world.submit(b"PK\x03\x04", headers={"idempotency-key": key})
    assert kind(answer) == (400, "idempotency-key-missing")


@pytest.mark.parametrize("body", [CSV, JSON])
def test_the_same_request_gets_the_first_answer_byte_for_byte(world: World, body: tuple[bytes, str]) -> None:
    # when
    first, again = world.submit(*body, headers=KEY), world.submit(*body, headers=KEY)
    # then
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.content, first.headers["location"]) == (again.content, again.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (len(world.runs.records), len(world.post.started), len(world.objects)) == (1, 1, 1)


@pytest.mark.parametrize("body", [CSV, JSON])
def test_another_request_under_the_same_key_is_refused(world: World, body: tuple[bytes, str]) -> None:
    # given
    world.submit(*body, headers=KEY)
    # when
    other = world.submit(body[0] + b"\n", body[1], headers=KEY)
    options = world.submit(*body, query="?meta=a:b", headers=KEY)
    # then
    assert kind(other) == kind(options) == (422, "idempotency-key-reused")
    assert (len(world.runs.records), len(world.objects)) == (1, 1)


def test_a_refused_request_leaves_its_key_unused(world: World) -> None:
    assert world.submit(b"not json", "application/json", headers=KEY).status_code == 422
    assert world.submit(*JSON, headers=KEY).status_code == 202


def test_two_tenants_may_use_the_same_key(world: World) -> None:
    answers = [world.submit(*JSON, headers=KEY | who) for who in (AUTH, RIVALS)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len(world.runs.records) == 2


def test_a_request_that_is_sent_again_while_it_is_worked_on_is_told_to_wait(world: World) -> None:
    # given: the parser's child has yet to answer for the first
    async def both() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=world.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            headers = AUTH | KEY | {"content-type": CSV[1]}
            posts = [client.post("/v1/runs", content=CSV[0], headers=headers) for _ in range(2)]
            return list(await asyncio.gather(*posts))

    # when
    first, second = sorted(asyncio.run(both()), key=lambda answer: answer.status_code)
    # then
    assert first.status_code == 202
    assert kind(second) == (409, "idempotency-key-in-progress")
    assert second.headers["retry-after"] == "1"
    assert len(world.runs.records) == 1


@dataclass
class Elsewhere(MemoryRuns):
    """Another process writes at the same moment."""

    error: Exception = field(default_factory=lambda: Conflict("both at once"))

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        raise self.error


def test_a_run_that_another_process_is_just_storing_is_in_progress_too(reader: ParserPool) -> None:
    # given
    world = World(reader=reader, runs=Elsewhere())
    # when / then: nothing is left of the batch
    assert kind(world.submit(*JSON, headers=KEY)) == (409, "idempotency-key-in-progress")
    assert world.objects == {}


@dataclass
class Deaf(MemoryRuns):
    """Stores, loses the answer, is asked again by its client, and finds what it stored."""

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        super().create(record, once)
        assert once is not None
        raise Repeated(once.fingerprint, once.answer)


def test_a_write_that_meets_itself_is_no_repetition(reader: ParserPool) -> None:
    # given
    world = World(reader=reader, runs=Deaf())
    # when
    answer = world.submit(*JSON, headers=KEY)
    # then
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (202, False)
    assert (len(world.objects), len(world.post.started)) == (1, 1)
    assert world.runs.known(TENANT, "k-1") is not None
