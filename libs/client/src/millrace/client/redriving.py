"""Redrive many runs: find them, ask for each, and see how they end."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from millrace.client.client import Client
from millrace.client.errors import ProblemError, Unavailable, WaitTimeout
from millrace.client.following import patience_s
from millrace.contracts.api import Asked, Problem, RunView
from millrace.contracts.run import RunStatus

CONCURRENCY = 8
"""Redrives that are asked for at a time: enough to hide the way to the API, too few to crowd out other producers."""
PAGE = 100


class Redriven(BaseModel):
    """What became of one of many runs."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    asked: Asked | None = None
    problem: Problem | None = None
    """Why the redrive was not taken."""
    no_answer: bool = False
    """Whether the problem is the API's: the same again may be taken."""
    status: RunStatus | None = None
    """What the new attempt ended as, if that was waited for; None while it goes on."""


class Redrives(BaseModel):
    """What became of all of them."""

    model_config = ConfigDict(frozen=True)

    start: str
    waited: bool
    runs: tuple[Redriven, ...]

    @property
    def taken(self) -> tuple[Redriven, ...]:
        """Those whose redrive the API took."""
        return tuple(run for run in self.runs if run.asked is not None)


def select(client: Client, statuses: Iterable[RunStatus], after: datetime | None = None) -> Iterator[RunView]:
    """The tenant's ended runs of these statuses, newest first; those that were accepted before `after` are left out.

    A run whose redrive is at work is none of them.
    """
    wanted, cursor = frozenset(statuses), None
    while True:
        page = client.runs(limit=PAGE, cursor=cursor)
        for run in page.runs:
            if run.status in wanted and not run.redriving and (after is None or run.accepted_at >= after):
                yield run
        cursor = page.cursor
        if cursor is None or (after is not None and page.runs and page.runs[-1].accepted_at < after):
            return


def redrive(client: Client, runs: Iterable[str], start: str) -> Iterator[Redriven]:
    """Ask for each run's redrive, a few at a time, in the order given; a run that is refused stops no other.

    What has not been asked for when the caller stops is dropped.
    """

    def ask(run_id: str) -> Redriven:
        try:
            return Redriven(run_id=run_id, asked=client.redrive(run_id, start))
        except ProblemError as error:
            return Redriven(run_id=run_id, problem=error.problem, no_answer=isinstance(error, Unavailable))

    pool = ThreadPoolExecutor(CONCURRENCY)
    try:
        yield from pool.map(ask, runs)
    finally:
        pool.shutdown(cancel_futures=True)


def wait(client: Client, runs: Iterable[Redriven], timeout_s: float | None) -> Iterator[Redriven]:
    """The same with what each new attempt ended as. They run at the same time, so waiting in turn takes no longer.

    `timeout_s`: for all of them; without it, each gets its budget and some more.
    """
    end = time.monotonic() + timeout_s if timeout_s is not None else None
    for run in runs:
        if run.asked is None:
            yield run
            continue
        limit = patience_s(client.run(run.run_id)) if end is None else max(0.0, end - time.monotonic())
        try:
            ended = client.wait(run.run_id, limit, attempt=run.asked.attempt + 1)
        except WaitTimeout:
            yield run
        else:
            yield run.model_copy(update={"status": ended.status})
