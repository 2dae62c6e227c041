"""What the orchestrator counts of its runs is what became of them; of the queues one replica speaks at a time."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from redis import Redis
from services.orchestrator.tests.component.world import World

from millrace.contracts.outcome import Timings
from millrace.contracts.report import COST_FACT
from millrace.contracts.routing import DEAD_LETTERS, QUEUES
from millrace.contracts.run import RunRecord, RunStatus, StageRecord, StepRecord
from millrace.orchestrator.measuring import GAUGES, KeptLease, Queues, begin_counting, measure
from millrace.telemetry.metrics import forget
from millrace.testing.factories import START, artifact, run_record, succeeded
from millrace.testing.metering import changes, read
from millrace.worker.load.oldest import NoHeads
from millrace.worker.load.queues import Look
from millrace.worker.load.store import MemoryLoad

SECOND = timedelta(seconds=1)
FLOW = "flow=customer-feedback"


def test_a_run_is_counted_once_with_its_stages_and_its_end(world: World) -> None:
    # given
    before = read()
    # when: every message comes twice
    world.finish()
    world.advance("datasets")
    # then
    found = changes(before)
    assert found[f"runs_ended_total{{{FLOW},status=completed}}"] == 1
    assert found[f"run_seconds_count{{{FLOW},status=completed}}"] == 1
    assert found[f"runs_promised_total{{{FLOW}}}"] == 1
    assert found[f"runs_in_time_total{{{FLOW}}}"] == 1
    assert not [name for name in found if name.startswith("gaps")]


def test_a_stage_tells_how_long_its_parts_waited_and_worked(world: World) -> None:
    # given
    world.advance()
    before = read()
    timings = [
        Timings(sent_at=START, started_at=START + wait * SECOND, ended_at=START + (wait + work) * SECOND)
        for wait, work in ((1, 3), (2, 1))
    ]
    # when
    for step, timing in zip(("ratings", "customers"), timings, strict=True):
        outputs = {"ratings": (artifact("r"),), "segments": (artifact("s"),)} if step == "ratings" else {}
        world.tell("datasets", succeeded(step, **outputs).model_copy(update={"timings": timing}))
    world.report_datasets()
    world.at = START + 5 * SECOND
    world.advance("datasets")
    # then
    found = changes(before)
    labels = f"{{{FLOW},stage=datasets}}"
    assert (found[f"stage_seconds_count{labels}"], found[f"stage_seconds_sum{labels}"]) == (1, 5)
    assert found[f"stage_wait_seconds_sum{labels}"] == 2
    assert found[f"stage_work_seconds_sum{labels}"] == 3


def test_parts_of_which_nobody_knows_when_they_were_sent_tell_no_wait(world: World) -> None:
    # given
    world.advance()
    before = read()
    timing = Timings(started_at=START, ended_at=START + SECOND)
    # when
    for step, outputs in (("ratings", {"ratings": (artifact("r"),)}), ("customers", {"segments": (artifact("s"),)})):
        world.tell("datasets", succeeded(step, **outputs).model_copy(update={"timings": timing}))
    world.report_datasets()
    world.advance("datasets")
    # then
    found = changes(before)
    assert found[f"stage_work_seconds_count{{{FLOW},stage=datasets}}"] == 1
    assert f"stage_wait_seconds_count{{{FLOW},stage=datasets}}" not in found


def ended(record: RunRecord, attempt: int = 1, reused_from: int | None = None) -> RunRecord:
    """The run with its report, which cost a quarter of a dollar."""
    step = StepRecord(
        name="report", task="analytics.report", task_version=1, required=True, planned=1, facts={COST_FACT: 0.25},
        reused_from=reused_from,
    )  # fmt: skip
    stage = StageRecord(name="report", started_at=START, deadline_at=START, steps=(step,))
    update = {"status": RunStatus.COMPLETED, "ended_at": START + SECOND, "stages": (stage,), "attempt": attempt}
    return record.model_copy(update=update)


def test_a_cost_is_counted_once_for_each_report_that_is_written() -> None:
    # given
    running = run_record()
    first, second = ended(running), ended(running, attempt=2, reused_from=1)
    before = read()
    # when: it is written, told again, and another attempt takes the report as it is
    for then, now in ((running, first), (first, first), (first, second)):
        measure(then, now)
    # then
    assert changes(before)[f"run_cost_usd_total{{flow={running.flow}}}"] == 0.25


@pytest.mark.parametrize(
    ("changed", "promised", "in_time"),
    [({}, 1, 1), ({"status": RunStatus.PARTIAL}, 1, 1), ({"status": RunStatus.FAILED}, 1, 0),
     ({"ended_at": START + 11 * SECOND}, 1, 0), ({"status": RunStatus.CANCELLED}, 0, 0), ({"attempt": 2}, 0, 0),
     ({"deadline_at": START + 30 * SECOND}, 0, 0)],
)  # fmt: skip
def test_only_runs_that_were_promised_a_report_in_time_are_asked_for_it(
    changed: dict[str, object], promised: int, in_time: int
) -> None:
    # given
    running = run_record()
    before = read()
    # when
    measure(running, ended(running).model_copy(update=changed))
    # then
    found, labels = changes(before), f"{{flow={running.flow}}}"
    assert found.get(f"runs_promised_total{labels}", 0) == promised
    assert found.get(f"runs_in_time_total{labels}", 0) == in_time


def test_flows_are_counted_from_nothing() -> None:
    # when
    begin_counting(["new-flow"])
    # then
    assert read()["runs_in_time_total{flow=new-flow}"] == 0


def test_gaps_have_reasons_without_numbers_and_a_late_run_is_not_in_time(world: World) -> None:
    # given
    world.run_to("annotate")
    before = read()
    # when
    world.at = START + 11 * SECOND
    world.sweep.once()
    world.at = START + 60 * SECOND
    while not world.record.status.terminal:
        assert world.sweep.once()
        world.at += 30 * SECOND
    # then
    found = changes(before)
    reasons = [name for name in found if name.startswith("gaps_total")]
    assert reasons
    assert not any("(" in name for name in reasons)
    assert found[f"runs_promised_total{{{FLOW}}}"] == 1
    assert f"runs_in_time_total{{{FLOW}}}" not in found
    assert found[f"runs_taken_over_total{{{FLOW}}}"] >= 2


@dataclass
class Counted:
    depths: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*QUEUES, DEAD_LETTERS), 0))

    def of(self, queues: object) -> dict[str, int]:
        return self.depths


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    for name in GAUGES:
        forget(name)


def gauges() -> dict[str, float]:
    return {name: value for name, value in read().items() if name.startswith(("queue_", "dead_letters"))}


def test_whoever_loses_the_lease_says_nothing_of_the_queues_any_more(redis: "Redis") -> None:
    # given
    depths = Counted()
    depths.depths |= {"nlp": 4, DEAD_LETTERS: 2}
    look = Look(depths=depths, store=MemoryLoad(), heads=NoHeads())
    mine = KeptLease(client=redis, key="queues", milliseconds=60_000)
    queues = Queues(look=look, lease=mine)
    # when: the holder keeps it for as long as it comes back
    assert (queues.once(), queues.once()) == (len(QUEUES), len(QUEUES))
    said = gauges()
    # then
    assert (said["queue_depth{queue=nlp}"], said["dead_letters{}"]) == (4, 2)
    assert said["queue_slots{queue=nlp}"] == 0
    # and when another takes it
    redis.delete("lease:queues")
    assert replace(mine, owner="another").take()
    # then
    assert queues.once() == 0
    assert gauges() == {}


def test_nobody_measures_without_redis() -> None:
    away = Redis.from_url("redis://127.0.0.1:1/0")
    assert not KeptLease(client=away, key="queues", milliseconds=1000).take()
