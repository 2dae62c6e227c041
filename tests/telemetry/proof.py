"""Many runs with retries at random and one killed worker, and the judgement on what was received of them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from threading import Event
from typing import Any

from tests.telemetry.edges import Edge, of_every_run
from tests.telemetry.judging import Verdict, judge
from tests.telemetry.world import GIVE_UP_S, World, traceparent

from millrace.contracts.api import RunView
from millrace.contracts.run import RunStatus
from millrace.orchestrator.flows import load
from millrace.testing.aws_faults import Do, Fault
from millrace.testing.otlp import Span

FLOW = load()["customer-feedback"]
POINTS = (
    "artifact_written@dataset_conversations", "artifact_written@dataset_customers", "artifact_written@nlp",
    "artifact_written@analytics", "advance_read", "fan_out_begun", "delivery_begun",
)  # fmt: skip
"""Where a message may be made to be tried again: one place in each service."""
VICTIMS = {
    "orchestrator-orchestration": "record_written", "orchestrator-distribution": "chord_opened",
    "dataset-conversations": "artifact_written@dataset_conversations", "nlp": "part_computed@nlp",
    "dataset-customers": "part_begun@dataset_customers", "analytics": "outcome_recorded@analytics",
    "callback": "callback_posted",
}  # fmt: skip
"""Worker that may be killed → where in its work."""
ORDER_SHARE = 0.4
"""Of runs with which an order to try again comes."""
FAULT_SHARE = 0.04
"""Of AWS requests that are answered 503; the SDK's own retries swallow most."""
SETTLE_S = 30.0
QUIET_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was done, and what was received of it."""

    seed: int
    views: Mapping[str, RunView]
    killed: str
    verdict: Verdict
    retries: int
    redeliveries: int
    attempts: int
    """Spans of attempts."""

    @property
    def faults(self) -> list[str]:
        """What is wrong, one line each. Who was killed may have told of one outcome, and not of its span."""
        dangling = [each for each in self.verdict.findings if each.kind == "dangling"]
        excused = dangling[: bool(self.killed)]
        return [f"{each.kind} {each.run} {each.what}" for each in self.verdict.findings if each not in excused]


def play(world: World, seed: int, runs: int, in_flight: int) -> Proof:
    """So many runs, so many at a time. Everything random comes from the seed, but for the machine's own timing."""
    rng = Random(seed)
    seeds, killed = [rng.random() for _ in range(runs)], rng.choice(sorted(VICTIMS))
    halfway = Event()
    world.aws.faults = [
        Fault(do=Do.UNAVAILABLE, service=service, probability=FAULT_SHARE) for service in ("s3", "dynamodb")
    ]

    def one(number: int) -> RunView:
        own = Random(seeds[number])
        if own.random() < ORDER_SHARE:
            world.order(own.choice(POINTS), "raise retryable")
        run_id = world.submit(own, traceparent() if number % 2 else "")
        if number == runs // 2:
            halfway.set()
        return world.ended(run_id)

    with ThreadPoolExecutor(in_flight + 1) as pool:
        killing = pool.submit(_kill, world, killed, halfway)
        try:
            views = {view.run_id: view for view in pool.map(one, range(runs))}
        finally:
            halfway.set()
        killing.result()
    world.aws.faults = []
    return weigh(world, seed, views, killed)


def _kill(world: World, name: str, when: Event) -> None:
    """Kill the worker with all its children in the middle of its work, and start it again."""
    when.wait()
    world.order(VICTIMS[name], "kill-worker")
    if not world.eventually(lambda: not world.stack.processes[name].running, GIVE_UP_S):
        raise AssertionError(f"{name} never came to {VICTIMS[name]}")
    world.stack.start_again(name)


def weigh(world: World, seed: int, views: Mapping[str, RunView], killed: str = "") -> Proof:
    """Judge what was received, once nothing more comes."""
    expected = {run_id: expected_of(view) for run_id, view in views.items()}
    settled(world)
    spans = world.spans()
    process = [span for span in spans if span.name.startswith("process ")]
    return Proof(
        seed=seed, views=views, killed=killed, verdict=judge(spans, expected, bool(killed)),
        retries=sum(_number(span, "retries") > 0 for span in process),
        redeliveries=sum(bool(span.attributes.get("redelivered")) for span in process),
        attempts=sum(span.name == "run" for span in spans),
    )  # fmt: skip


def expected_of(view: RunView, live: bool = True) -> tuple[Edge, ...]:
    """The edges that the run's trace must have: all, but for steps that it went without. `live` as in `edges`."""
    if view.status not in (RunStatus.COMPLETED, RunStatus.PARTIAL):
        return ()
    return of_every_run(FLOW, gaps={gap.step for gap in view.gaps}, live=live)


def settled(world: World) -> None:
    """Wait until no more spans come."""
    seen = -1
    for _ in range(int(SETTLE_S / QUIET_S)):
        count = world.heard.otlp.requests
        if count == seen:
            return
        seen = count
        Event().wait(QUIET_S)


def _number(span: Span, name: str) -> int:
    value: Any = span.attributes.get(name, 0)
    return int(value)
