"""The run store: the same tests for DynamoDB and for its twin."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from millrace.storage.announcing import AnnouncingRuns
from millrace.storage.connect import Stores
from millrace.storage.dynamodb import DynamoRuns
from millrace.storage.errors import Conflict, NotFound, Repeated, Unavailable
from millrace.storage.memory import MemoryRuns
from millrace.storage.ports import Idempotency, RunStore
from millrace.testing.factories import START, run_record

SECOND = timedelta(seconds=1)


@pytest.fixture(params=["memory", "dynamodb"])
def runs(request: pytest.FixtureRequest) -> RunStore:
    if request.param == "memory":
        return MemoryRuns()
    stores: Stores = request.getfixturevalue("stores")
    return stores.runs


def test_what_was_created_is_read_back_whole(runs: RunStore) -> None:
    # given
    record = run_record(metadata={"ticket": "T-1"})
    # when
    runs.create(record)
    # then
    assert runs.get(record.tenant, record.run_id) == record


def test_an_id_is_taken_once(runs: RunStore) -> None:
    # given
    record = run_record()
    runs.create(record)
    # when / then
    with pytest.raises(Conflict):
        runs.create(record)


def test_another_tenants_run_is_not_found(runs: RunStore) -> None:
    # given
    record = run_record()
    runs.create(record)
    # when / then
    with pytest.raises(NotFound):
        runs.get("rival", record.run_id)


def test_of_two_writers_who_read_the_same_only_one_wins(runs: RunStore) -> None:
    # given
    record = run_record()
    runs.create(record)
    # when
    first = runs.replace(record.model_copy(update={"reason": "first"}))
    # then
    with pytest.raises(Conflict):
        runs.replace(record.model_copy(update={"reason": "second"}))
    assert first.revision == 1
    assert runs.get(record.tenant, record.run_id).reason == "first"


def test_due_finds_what_is_past_and_nothing_that_is_done(runs: RunStore) -> None:
    # given
    late = run_record(due_at=START - SECOND)
    early = run_record(due_at=START + SECOND)
    done = run_record(due_at=None)
    for record in (late, early, done):
        runs.create(record)
    # when
    due = runs.due(START, 10)
    # then
    assert [(each.tenant, each.run_id, each.due_at) for each in due] == [("acme", late.run_id, START - SECOND)]


def test_a_run_that_is_no_longer_due_leaves_the_index(runs: RunStore) -> None:
    # given
    record = run_record(due_at=START - SECOND)
    runs.create(record)
    # when
    runs.replace(record.model_copy(update={"due_at": None}))
    # then
    assert runs.due(START, 10) == []


def test_pages_go_from_the_newest_to_the_oldest(runs: RunStore) -> None:
    # given
    ids = [f"run_01M8000000000000000000000{digit}" for digit in range(5)]
    for run_id in ids:
        runs.create(run_record(run_id=run_id))
    runs.create(run_record(tenant="rival"))
    # when
    first = runs.page("acme", 3)
    second = runs.page("acme", 3, first.cursor)
    # then
    assert [record.run_id for record in first.records] == ids[:1:-1]
    assert [record.run_id for record in second.records] == ids[1::-1]
    assert second.cursor is None


def test_a_key_that_was_used_brings_back_the_first_answer_and_makes_no_run(runs: RunStore) -> None:
    # given
    first, second = run_record(), run_record()
    runs.create(first, Idempotency(key="k", fingerprint="f1", answer="first"))
    # when
    with pytest.raises(Repeated) as repeated:
        runs.create(second, Idempotency(key="k", fingerprint="f2", answer="second"))
    # then
    assert (repeated.value.fingerprint, repeated.value.answer) == ("f1", "first")
    with pytest.raises(NotFound):
        runs.get("acme", second.run_id)


def test_a_key_is_known_once_its_run_is_there_and_to_its_tenant_only(runs: RunStore) -> None:
    # given
    once = Idempotency(key="k", fingerprint="f", answer="a")
    assert runs.known("acme", "k") is None
    # when
    runs.create(run_record(), once)
    # then
    assert [runs.known(*each) for each in (("acme", "k"), ("acme", "k2"), ("rival", "k"))] == [once, None, None]


def test_another_tenant_may_use_the_same_key(runs: RunStore) -> None:
    # given
    runs.create(run_record(), Idempotency(key="k", fingerprint="f", answer="a"))
    other = run_record(tenant="rival")
    # when
    runs.create(other, Idempotency(key="k", fingerprint="f", answer="b"))
    # then
    assert runs.get("rival", other.run_id) == other


@dataclass
class Stingy:
    """A DynamoDB that forgets a run after its index was read, and leaves keys unread: all but one, so often."""

    real: Any
    table: str
    gone: str
    leaves: int

    def client(self, service: str) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - as boto3 has it
        self.real.delete_item(TableName=self.table, Key={"pk": {"S": self.gone}})
        asked, self.leaves = RequestItems[self.table], self.leaves - 1
        read = asked["Keys"] if self.leaves < 0 else asked["Keys"][:1]
        answer = self.real.batch_get_item(RequestItems={self.table: asked | {"Keys": read}})
        left = asked["Keys"][len(read) :]
        return answer | {"UnprocessedKeys": {self.table: {"Keys": left}} if left else {}}


def stingy(stores: Stores, gone: str, leaves: int) -> DynamoRuns:
    assert isinstance(stores.runs, AnnouncingRuns) and isinstance(stores.runs.runs, DynamoRuns)
    real = stores.runs.runs
    given: Any = Stingy(real.clients.client("dynamodb"), real.table, gone, leaves)
    return replace(real, clients=given)


def test_a_page_reads_what_the_table_left_and_passes_over_what_has_vanished(stores: Stores) -> None:
    # given: more than a batch takes
    made = sorted((run_record() for _ in range(103)), key=lambda record: record.run_id, reverse=True)
    for record in made:
        stores.runs.create(record)
    # when
    page = stingy(stores, f"{made[50].tenant}#{made[50].run_id}", 3).page(made[0].tenant, 200)
    # then
    assert list(page.records) == made[:50] + made[51:]


def test_a_table_that_leaves_too_much_does_not_answer(stores: Stores) -> None:
    # given
    made = [run_record() for _ in range(30)]
    for record in made:
        stores.runs.create(record)
    # when / then
    with pytest.raises(Unavailable):
        stingy(stores, "nobody#1", 999).page(made[0].tenant, 100)
