"""One story for all tests here: runs that go well, and one of each kind that does not."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from random import Random
from threading import Event

import httpx
from tests.telemetry.judging import Verdict, judge
from tests.telemetry.proof import expected_of, settled
from tests.telemetry.spans import Trace, traces
from tests.telemetry.world import World, running, traceparent

from millrace.contracts.api import RunView
from millrace.testing.otlp import Span
from millrace.testing.stack import GIVE_UP_S

SHARE = 0.5
TAKEN, LEFT = 1, (1 << 64) - 1
"""Lower halves of trace ids that any share takes, and that none below 1 does."""
KILLS = 1
"""Processes that are killed in it."""
DELAY_S = 3.0
LONG_S = 40.0
"""Seconds that a run gets which a delay is not to make partial."""
SHORT_S = 4.0
"""Seconds that a run gets whose end is not to be waited for."""
CRASHES = {
    "dataset_conversations": "part_begun@dataset_conversations", "dataset_customers": "part_begun@dataset_customers",
    "nlp": "part_begun@nlp", "analytics": "part_begun@analytics", "orchestrator": "advance_read",
    "callback": "delivery_begun", "ingestion": "batch_stored",
}  # fmt: skip
"""Service → where a bug is planted in it."""


@dataclass(kw_only=True)
class Story:
    """The world, its runs by chapter, and what was heard of them when it was over."""

    world: World
    runs: dict[str, RunView] = field(default_factory=dict)
    """Chapter → its run when it had ended."""
    left: set[str] = field(default_factory=set)
    """Runs that nobody chose to record."""
    refused: int = 0
    """What the API answered when it met a bug."""
    rng: Random = field(default_factory=lambda: Random(6))

    def begin(self, chapter: str, low: int = TAKEN, **params: object) -> str:
        """A run of this chapter; its id."""
        run_id = self.world.submit(self.rng, traceparent(sampled_by_producer=low == LEFT, low=low), **params)
        self.world.chapters[chapter] = run_id
        self.left |= {run_id} if low == LEFT else set()
        return run_id

    def end(self, chapter: str, attempt: int = 1) -> None:
        """Wait until its consumer was told."""
        self.runs[chapter] = self.world.ended(self.world.chapters[chapter], attempt)

    @cached_property
    def spans(self) -> list[Span]:
        """All spans."""
        return self.world.spans()

    @property
    def kept(self) -> list[RunView]:
        """Runs whose traces are to be there: asked for, or remarkable."""
        return [view for chapter, view in self.runs.items() if chapter != "left out"]

    @cached_property
    def verdict(self) -> Verdict:
        """Judged over all of them."""
        expected = {view.run_id: expected_of(view, view.run_id not in self.left) for view in self.kept}
        return judge(self.spans, expected, KILLS)

    def trace(self, chapter: str) -> Trace:
        """The only trace of a chapter's run."""
        run_id = self.world.chapters[chapter]
        (found,) = [trace for trace in traces(self.spans) if run_id in trace.runs]
        return found


@contextmanager
def told(folder: Path) -> Iterator[Story]:
    """The whole story, over a stack that lives as long as the block."""
    given = {"MILLRACE_TRACE_SHARE": str(SHARE), "MILLRACE_ENVIRONMENT": "testing", "MILLRACE_RELEASE": "1.2.3"}
    with running(folder, given) as world:
        story = Story(world=world)
        for chapter in (bugs, all_goes_well, left_out, a_retry, a_lost_worker, a_silent_service, a_delay):
            chapter(story)
        for chapter in world.chapters:
            if chapter not in story.runs:
                story.end(chapter)
        settled(world)
        yield story


def bugs(story: Story) -> None:
    """One in each service. Whoever loses a message by it is looked after by the sweep."""
    orders = [story.world.order(point, "raise") for point in CRASHES.values()]
    try:
        story.begin("refused")
    except httpx.HTTPStatusError as error:
        story.refused = error.response.status_code
    # Where one run has no data any more, another has some for the services that come later.
    for number in range(3):
        story.begin(f"bug {number}")
    assert story.world.eventually(lambda: not any(order.exists() for order in orders), GIVE_UP_S)


def all_goes_well(story: Story) -> None:
    """Several at once."""
    names = ("well", "beside", "third", "fourth")
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(partial(story.begin, deadline_s=LONG_S), names))
    for name in names:
        story.end(name)


def left_out(story: Story) -> None:
    """A run that goes well and whose trace nobody asked for; before anything is stopped that might slow it down."""
    story.begin("left out", LEFT, deadline_s=LONG_S)
    story.end("left out")


def a_retry(story: Story) -> None:
    """A part fails once in a way that passes."""
    story.world.order("artifact_written@nlp", "raise retryable")
    story.begin("retried", deadline_s=LONG_S)
    story.end("retried")


def a_lost_worker(story: Story) -> None:
    """A child is killed after its work, before anybody heard of it."""
    story.world.order("part_computed@analytics", "kill")
    story.begin("killed", deadline_s=LONG_S)
    story.end("killed")


def a_silent_service(story: Story) -> None:
    """A run that nobody meant to trace ends as partial and is run again; another is cancelled."""
    nlp = story.world.stack.processes["nlp"]
    nlp.send(signal.SIGSTOP)
    try:
        story.begin("partial", LEFT, deadline_s=SHORT_S)
        cancelled = story.begin("cancelled")
        story.world.reached(cancelled, "annotate")
        story.world.client.cancel(cancelled, "sent twice")
        story.end("partial")
        story.end("cancelled")
    finally:
        nlp.send(signal.SIGCONT)
    story.world.client.redrive(story.world.chapters["partial"])
    story.end("partial", attempt=2)


def a_delay(story: Story) -> None:
    """A part is slow, and then a whole service takes nothing out of its queue for a while."""
    story.world.order("part_begun@nlp", f"sleep {DELAY_S}")
    story.begin("slow", deadline_s=LONG_S)
    story.end("slow")
    analytics = story.world.stack.processes["analytics"]
    analytics.send(signal.SIGSTOP)
    try:
        queued = story.begin("queued", deadline_s=LONG_S)
        story.world.reached(queued, "annotate")
        Event().wait(DELAY_S)
    finally:
        analytics.send(signal.SIGCONT)
    story.end("queued")
