"""A delay that was planted is the first cause, with its service, its phase and what is normal."""

import pytest
from libs.journey.tests.unit.conftest import START, Run, late, s

from millrace.contracts.run import RunRecord
from millrace.journey import journey

PLANTED = [
    ("compute_annotate_2", "compute", "nlp", "nlp was slow: annotate computed for 3.4 s, part annotate.2; 0.4"),
    ("inside_annotate_0", "compute", "nlp", "on a processor: the task waited inside"),
    ("compute_report_0", "compute", "analytics", "analytics was slow: report computed for 3.4 s"),
    ("queue_annotate_1", "queue", "nlp", "waiting: 3.0 s in the queue nlp (annotate.1); 0.02 s is normal"),
    ("queue_ratings_0", "queue", "dataset_customers", "waiting: 3.0 s in the queue dataset-customers"),
    ("joinqueue_annotate", "queue", "orchestrator", "in the queue orchestration"),
    ("callback", "queue", "callback", "waiting: 3.0 s in the queue callback; 0.02 s is normal"),
    (
        "start_annotate_1",
        "start",
        "nlp",
        "process start: nlp was not ready for 3.0 s; 0 s is normal (median of 5 runs)",
    ),
    ("read_annotate_0", "store", "nlp", "store: reads took 3."),
    ("write_kpis_0", "store", "analytics", "writes took 3."),
    ("retry_annotate_1", "retry", "nlp", "retries: nlp tried part annotate.1 twice again, 3.0 s until the last try"),
    ("again_annotate_2", "retry", "nlp", "a worker died: part annotate.2 was begun twice, 3.0 s until"),
    ("join_annotate", "join", "orchestrator", "orchestrator: joining took 3."),
    ("accept", "accept", "ingestion", "ingestion: accepting the batch took 3."),
    ("begin", "dispatch", "orchestrator", "orchestrator: planning and publishing took 3."),
    ("answer", "callback", "consumer", "the consumer took 3.0 s to answer; 0.05 s is normal"),
    ("tries", "callback", "consumer", "3 tries, the last answer was 500, 3.0 s until the last began"),
]


@pytest.mark.parametrize(("planted", "phase", "service", "says"), PLANTED)
def test_a_planted_delay_is_the_first_cause(
    planted: str, phase: str, service: str, says: str, normals: list[RunRecord]
) -> None:
    # when
    found = journey(Run(**{planted: 3.0}).record(), normals, START)
    # then
    first = found.causes[0]
    assert (first.phase, first.service, first.unusual) == (phase, service, True)
    assert says in first.text
    assert 2.9 < first.excess_s < 3.1
    assert first.text in found.verdict or first.text[1:] in found.verdict
    assert "more than usual" in found.verdict


@pytest.mark.parametrize(("planted", "phase", "service", "says"), PLANTED)
def test_and_the_largest_share_when_nobody_knows_what_is_normal(
    planted: str, phase: str, service: str, says: str
) -> None:
    # when
    found = journey(Run(**{planted: 3.0}).record(), [], START)
    # then
    assert (found.causes[0].phase, found.causes[0].service, found.causes[0].normal_s) == (phase, service, None)
    assert "too little to compare it with (no earlier run of this flow)" in found.verdict


def test_an_ordinary_run_is_said_to_be_one(normals: list[RunRecord]) -> None:
    # when
    found = journey(Run().record(), normals, START)
    # then
    assert not any(each.unusual for each in found.causes)
    assert found.verdict.startswith("Took 1.7 s: nothing unusual, 1.7 s is normal (median of 5 runs)")


def test_a_delay_off_the_critical_path_is_no_cause(normals: list[RunRecord]) -> None:
    # given: a part that is slow, and another that is slower still
    run = Run(queue_kpis_0=1.0, compute_annotate_0=3.0)
    # when
    found = journey(run.record(), normals, START)
    # then: its wait is shown, and is not blamed
    assert [each.step for each in found.causes if each.unusual] == ["annotate"]
    assert ("analytics", 1.02) in [(each.queue, each.longest_s) for each in found.queues]


def test_a_stage_that_was_joined_at_its_deadline_names_who_was_missing(normals: list[RunRecord]) -> None:
    # given
    record = Run(queue_annotate_1=2.0).record()
    stage = record.stages[1]
    annotate, kpis = stage.steps
    steps = (annotate.model_copy(update={"parts": (*annotate.parts[:2], late(2))}), kpis)
    deadline = stage.started_at + s(4)
    cut = stage.model_copy(update={"steps": steps, "deadline_at": deadline, "joined_at": deadline + s(0.03)})
    shorter = record.model_copy(update={"stages": (record.stages[0], cut), "ended_at": cut.joined_at, "callback": None})
    # when
    found = journey(shorter, normals, START)
    # then
    first = found.causes[0]
    assert (first.phase, first.service, first.step, first.part) == ("idle", "nlp", "annotate", 2)
    assert "annotate.2 was waited for until the stage's deadline, 4.0 s" in first.text
    assert "others of annotate waited up to 2.0 s in the queue" in first.text


def test_a_quorum_waits_for_no_more_than_it_needs(normals: list[RunRecord]) -> None:
    # given: two of three are needed, and the third is slow
    record = Run(compute_annotate_0=1.0, compute_annotate_2=9.0).record()
    stage = record.stages[1]
    annotate, kpis = stage.steps
    needed = annotate.model_copy(update={"needed": 2})
    joined = annotate.parts[0].ended_at + s(0.03)
    cut = stage.model_copy(update={"steps": (needed, kpis), "joined_at": joined})
    shorter = record.model_copy(update={"stages": (record.stages[0], cut), "ended_at": joined, "callback": None})
    # when
    found = journey(shorter, normals, START)
    # then
    assert (found.causes[0].step, found.causes[0].part) == ("annotate", 0)
    assert 0.9 < found.causes[0].excess_s < 1.1
