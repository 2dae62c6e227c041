"""A part that waits for another of its own run is not queueing; one that waits for another run's is."""

import pytest
from libs.journey.tests.unit.conftest import START, Run, s

from millrace.contracts.journey import RunJourney
from millrace.contracts.run import RunRecord
from millrace.journey import journey

CHILD, OTHER = "host:7", "host:8"


def serial(
    run: Run, worker: str = CHILD, ready_s: float | None = None, gap_s: float = 0.02, **changes: object
) -> RunRecord:
    """The run, with annotate.1 begun by this worker only when annotate.0 had ended at the first.

    `ready_s`: when the worker became ready, after annotate.0 had ended; None for long before.
    """
    record = run.record()
    stage = record.stages[1]
    first, second, third = stage.steps[0].parts
    begun = first.ended_at + s(gap_s)
    ready = {} if ready_s is None else {"forked_at": first.ended_at, "ready_at": first.ended_at + s(ready_s)}
    later = {"worker": worker, "started_at": begun, "ended_at": begun + (second.ended_at - second.started_at)}
    parts = (
        first.model_copy(update={"worker": CHILD} | changes),
        second.model_copy(update=later | ready),
        third.model_copy(update={"worker": OTHER}),
    )
    annotate = stage.steps[0].model_copy(update={"parts": parts})
    joined = parts[1].ended_at + s(0.03)
    whole = stage.model_copy(update={"steps": (annotate, stage.steps[1]), "joined_at": joined})
    return record.model_copy(update={"stages": (record.stages[0], whole), "ended_at": joined, "callback": None})


def adds_up(found: RunJourney) -> bool:
    return sum(each.seconds for each in found.phases) == pytest.approx(found.seconds)


def test_waiting_behind_a_slow_part_of_the_same_run_is_that_parts_time() -> None:
    # given: three ordinary runs of one child, and one in which its first part is slow
    recent = [serial(Run()).model_copy(update={"run_id": Run().record(number).run_id}) for number in (1, 2, 3)]
    # when
    found = journey(serial(Run(compute_annotate_0=3.0)), recent, START)
    # then
    first = found.causes[0]
    assert (first.phase, first.service, first.step, first.unusual) == ("compute", "nlp", "annotate", True)
    assert (
        "nlp was slow: annotate computed for 3.8 s, 2 parts one after the other, the longest annotate.0" in first.text
    )
    assert "(annotate.1 waited behind it); 0.80 s is normal" in first.text
    assert 2.9 < first.excess_s < 3.1 and adds_up(found)
    assert not any(each.phase == "queue" for each in found.causes)
    (behind,) = [each for each in found.path if each.what == "behind"]
    assert (behind.phase, behind.part, behind.waiting) == ("compute", 0, "annotate.1")


def test_and_so_is_the_stores_time_of_that_part() -> None:
    # when
    found = journey(serial(Run(read_annotate_0=3.0)), [], START)
    # then
    assert found.causes[0].text.startswith("store: reads took 3.") and "annotate (nlp)" in found.causes[0].text
    assert adds_up(found)


def test_waiting_behind_other_runs_is_queueing() -> None:
    # given: the child that took it had another run's work, and this run's other part was at another child
    record = serial(Run(compute_annotate_0=3.0), worker="host:9")
    # when
    found = journey(record, [], START)
    # then
    first = found.causes[0]
    assert (first.phase, first.queue, first.part) == ("queue", "nlp", 1)
    assert "waiting: 3.5 s in the queue nlp (annotate.1)" in first.text
    assert adds_up(found) and not any(each.waiting for each in found.path)


def test_what_is_waited_for_after_the_runs_own_part_is_queueing() -> None:
    # when: the child did another run's work in between
    found = journey(serial(Run(compute_annotate_0=1.0), gap_s=5.0), [], START)
    # then
    assert (found.causes[0].phase, found.causes[0].queue) == ("queue", "nlp")
    assert found.causes[0].seconds == pytest.approx(5.02, abs=0.01)
    assert found.causes[1].phase == "compute" and adds_up(found)


def test_a_child_that_came_in_the_place_of_one_that_was_busy_with_this_run_is_no_slow_start() -> None:
    # when
    found = journey(serial(Run(compute_annotate_0=3.0), worker="host:9", ready_s=0.5, gap_s=0.6), [], START)
    # then
    assert (found.causes[0].phase, found.causes[0].step) == ("compute", "annotate")
    starts = [each.seconds for each in found.path if each.phase == "start" and each.step]
    assert sum(starts) == pytest.approx(0.5, abs=0.01) and adds_up(found)


def test_the_queue_still_tells_how_long_the_message_waited_and_what_of_that_was_on_the_path() -> None:
    # when
    found = journey(serial(Run(compute_annotate_0=3.0)), [], START)
    # then
    queue = next(each for each in found.queues if each.queue == "nlp")
    assert (queue.longest, queue.longest_s) == ("annotate.1", pytest.approx(3.47, abs=0.01))
    assert queue.seconds < 0.1
    row = next(each for each in found.rows if each.name == "annotate.1")
    (waited,) = [each for each in row.intervals if each.phase == "queue" and each.step]
    assert waited.behind_s == pytest.approx(3.43, abs=0.01)
