"""A page of a tenant's runs, by what is asked for: reads on until the page is full, or it has looked for long enough.

The store knows a tenant's runs by their id alone, which is by the time of their acceptance: a status changes too often
to be worth an index.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from millrace.contracts.ids import RUN_ID, accepted_ms, run_id_at
from millrace.contracts.run import RunRecord, RunStatus
from millrace.contracts.views import settled
from millrace.ingestion.errors import BadCursor
from millrace.storage.ports import Page, RunStore

MOST_LOOKED_AT = 1000
"""Runs that are read for one page. A page that is short for this has a cursor all the same."""
STEP = 100


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which runs."""

    limit: int
    status: RunStatus | None = None
    flow: str | None = None
    since: datetime | None = None
    """Accepted at this time or later."""
    until: datetime | None = None
    """Accepted before this time."""
    after: str | None = None
    """Accepted before this run."""

    @property
    def filtered(self) -> bool:
        """Whether a run may be passed over."""
        return self.status is not None or self.flow is not None

    def fits(self, record: RunRecord) -> bool:
        """Whether the run is one of them, its time aside."""
        return self.status in (None, settled(record).status) and self.flow in (None, record.flow)


def page(runs: RunStore, tenant: str, wanted: Wanted) -> Page:
    """The newest of the tenant's runs that fit, from where the cursor says on; BadCursor when it says nothing."""
    if wanted.after is not None and not RUN_ID.match(wanted.after):
        raise BadCursor("the cursor is none that a page was answered with")
    found: list[RunRecord] = []
    last = _begin(wanted)
    for looked, (record, more) in enumerate(_newest_first(runs, tenant, wanted, last), start=1):
        if wanted.since is not None and accepted_ms(record.run_id) < wanted.since.timestamp() * 1000:
            break
        if wanted.fits(record):
            found.append(record)
        if len(found) == wanted.limit or looked == MOST_LOOKED_AT:
            return Page(records=tuple(found), cursor=record.run_id if more else None)
    return Page(records=tuple(found), cursor=None)


def _begin(wanted: Wanted) -> str | None:
    """The id that every wanted run is smaller than."""
    bounds = [wanted.after] if wanted.after is not None else []
    if wanted.until is not None:
        bounds.append(run_id_at(wanted.until))
    return min(bounds) if bounds else None


def _newest_first(runs: RunStore, tenant: str, wanted: Wanted, cursor: str | None) -> Iterator[tuple[RunRecord, bool]]:
    """Runs, and whether there are more after each."""
    size = STEP if wanted.filtered else wanted.limit
    while True:
        read = runs.page(tenant, size, cursor)
        for number, record in enumerate(read.records, start=1):
            yield record, number < len(read.records) or read.cursor is not None
        cursor = read.cursor
        if cursor is None:
            return
