"""Pages of runs: filled by reading on, and only so far."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.contracts.ids import ulid
from millrace.contracts.run import RunStatus
from millrace.ingestion.errors import BadCursor
from millrace.ingestion.listing import MOST_LOOKED_AT, Wanted, page
from millrace.storage.memory import MemoryRuns
from millrace.storage.ports import Page
from millrace.testing.factories import START, run_record


@dataclass
class CountedRuns(MemoryRuns):
    """Counts the runs that are read."""

    read: int = 0

    def page(self, tenant: str, limit: int, cursor: str | None = None) -> Page:
        found = super().page(tenant, limit, cursor)
        self.read += len(found.records)
        return found


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def filled(count: int, **changes: Any) -> tuple[CountedRuns, list[str]]:
    """A run a second; every tenth is of the flow `rare` and failed. The newest comes first."""
    runs = CountedRuns()
    ids = [f"run_{ulid(int(at(second).timestamp() * 1000))}" for second in range(count)]
    for second, run_id in enumerate(ids):
        rare = {"flow": "rare", "status": RunStatus.FAILED, "ended_at": at(second)} if second % 10 == 0 else {}
        runs.create(run_record(run_id=run_id, accepted_at=at(second), **rare))
    return runs, ids[::-1]


def test_pages_follow_one_another_to_the_end() -> None:
    # given
    runs, ids = filled(25)
    # when
    seen: list[str] = []
    after = None
    while True:
        found = page(runs, "acme", Wanted(limit=10, after=after))
        seen += [record.run_id for record in found.records]
        after = found.cursor
        if after is None:
            break
    # then
    assert seen == ids
    assert runs.read == 25


@pytest.mark.parametrize("wanted", [{"flow": "rare"}, {"status": RunStatus.FAILED}])
def test_a_filter_fills_the_page_by_reading_on(wanted: dict[str, Any]) -> None:
    # given
    runs, ids = filled(50)
    # when
    first = page(runs, "acme", Wanted(limit=3, **wanted))
    rest = page(runs, "acme", Wanted(limit=3, after=first.cursor, **wanted))
    # then
    assert [record.run_id for record in (*first.records, *rest.records)] == ids[9::10]
    assert rest.cursor is None


def test_since_and_until_bound_the_time_of_acceptance() -> None:
    # given
    runs, ids = filled(50)
    # when
    found = page(runs, "acme", Wanted(limit=100, since=at(10), until=at(20)))
    # then: the first is in it, the last is not; and nothing older is read than one that shows the end
    assert [record.run_id for record in found.records] == ids[30:40]
    assert found.cursor is None


def test_a_page_gives_up_after_a_while_and_says_where() -> None:
    # given
    runs, _ = filled(MOST_LOOKED_AT + 50)
    # when
    first = page(runs, "acme", Wanted(limit=5, flow="nothing"))
    rest = page(runs, "acme", Wanted(limit=5, flow="nothing", after=first.cursor))
    # then
    assert (first.records, first.cursor is None) == ((), False)
    assert (rest.records, rest.cursor) == ((), None)


def test_a_cursor_that_names_no_run_is_refused() -> None:
    with pytest.raises(BadCursor):
        page(MemoryRuns(), "acme", Wanted(limit=5, after="endpoint"))
