"""A delay that was planted is the first cause, with its service, its phase and what is normal."""

import pytest
from libs.journey.tests.unit.conftest import START, Run, late, s

from millrace.contracts.outcome import OutcomeStatus, Reason
from millrace.contracts.run import PartRecord, RunRecord, RunStatus, StepRecord, Tried
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
    ("retry_annotate_1", "retry", "nlp", "retries: nlp tried part annotate.1 again twice, 3.0 s until the last try"),
    (
        "again_annotate_2",
        "retry",
        "nlp",
        "nlp lost a worker, or its lease: part annotate.2 was begun twice, 3.0 s until",
    ),
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


@pytest.mark.parametrize(("planted", "phase", "service", "says"), PLANTED)
def test_each_sentence_names_who_it_is_about(
    planted: str, phase: str, service: str, says: str, normals: list[RunRecord]
) -> None:
    # when
    first = journey(Run(**{planted: 3.0}).record(), normals, START).causes[0]
    # then
    assert any(name and name in first.text for name in (first.service, first.queue))


def test_a_backlog_that_ends_at_a_child_which_was_just_started_is_queueing(normals: list[RunRecord]) -> None:
    # when: it waited for 3.9 s before that child was even forked, which was ready 0.1 s later
    found = journey(Run(late_annotate_1=3.9, start_annotate_1=0.1).record(), normals, START)
    # then
    assert (found.causes[0].phase, found.causes[0].queue) == ("queue", "nlp")
    assert "waiting: 3.9 s in the queue nlp" in found.causes[0].text


def test_partial_runs_do_not_say_what_is_normal_where_whole_ones_do(normals: list[RunRecord]) -> None:
    # given: the last runs were partial, and slow in the same way
    bad = [
        Run(compute_annotate_0=3.0).record(50 + number).model_copy(update={"status": RunStatus.PARTIAL})
        for number in range(10)
    ]  # fmt: skip
    # when
    found = journey(Run(compute_annotate_0=3.0).record(), [*bad, *normals], START)
    # then
    assert (found.causes[0].unusual, found.normal.runs) == (True, len(normals))


def sent_again(after_s: float, first: PartRecord | None = None, which: tuple[str, ...] = ("annotate.2",)) -> RunRecord:
    """A run that ended with its second stage, whose parts `which` were sent again, `first` being an end from before."""

    def moved(step: StepRecord, part: PartRecord) -> PartRecord:
        if f"{step.name}.{part.part}" not in which:
            return part
        times = ("published_at", "sent_at", "started_at", "ended_at")
        return part.model_copy(update={name: getattr(part, name) + s(after_s) for name in times})

    record = Run().record()
    stage = record.stages[1]
    joined = stage.joined_at + s(after_s)
    steps = (each.model_copy(update={"parts": tuple(moved(each, part) for part in each.parts)}) for each in stage.steps)
    tried = (Tried(step="annotate", part=first),) if first else ()
    changes = {"steps": tuple(steps), "dispatches": 2, "joined_at": joined, "tried": tried}
    again = stage.model_copy(update=changes)
    return record.model_copy(update={"stages": (record.stages[0], again), "ended_at": joined, "callback": None})


@pytest.mark.parametrize(
    ("which", "phase", "service", "says"),
    [
        (("kpis.0",), "queue", "analytics", "waiting: 3.5 s in the queue analytics (kpis.0"),
        (
            ("annotate.0", "annotate.1", "annotate.2", "kpis.0"),
            "dispatch",
            "orchestrator",
            "orchestrator: planning and publishing took 3.",
        ),
    ],
)
def test_what_was_not_begun_before_it_was_sent_again_had_waited(
    which: tuple[str, ...], phase: str, service: str, says: str, normals: list[RunRecord]
) -> None:
    # given: nothing of the service's queue was begun, or nothing of the stage
    cut = sent_again(3.5, which=which)
    # when
    first = journey(cut, normals, START).causes[0]
    # then
    assert (first.phase, first.service) == (phase, service)
    assert says in first.text


def test_an_ingestion_that_was_late_to_begin_a_run_is_not_the_orchestrators_delay(normals: list[RunRecord]) -> None:
    # given
    record = Run(begin=3.0).record()
    late = record.model_copy(update={"start_sent_at": record.accepted_at + s(3.0)})
    # when
    first = journey(late, normals, START).causes[0]
    # then
    assert (first.phase, first.service) == ("accept", "ingestion")


def test_a_part_that_was_sent_again_is_lost_by_a_service(normals: list[RunRecord]) -> None:
    # given: a part whose first copy never reported
    cut = sent_again(3.5)
    # when
    found = journey(cut, normals, START)
    # then
    first = found.causes[0]
    assert (first.phase, first.service) == ("retry", "nlp")
    assert first.text.startswith("nlp lost a part: annotate.2 was sent again 3.5 s after its stage began")
    assert [each.text for each in found.troubles] == ["missing parts of the stage annotate were published again once"]


def test_a_part_that_ran_into_its_limit_was_slow_before_it_was_sent_again(normals: list[RunRecord]) -> None:
    # given
    part = Run().record().stages[1].steps[0].parts[2]
    late = {"status": OutcomeStatus.TIMED_OUT, "reason": Reason(code="deadline_passed"), "cpu_s": 0.01}
    first = part.model_copy(update={"ended_at": part.started_at + s(3.0), **late})
    # when
    found = journey(sent_again(3.5, first), normals, START)
    # then
    cause, after = found.causes[0], found.causes[1]
    assert (cause.phase, cause.service, cause.unusual) == ("compute", "nlp", True)
    assert cause.text.startswith("nlp was slow: annotate computed for 3.4 s, part annotate.2")
    assert "annotate.2 timed out (deadline_passed) and was sent again" in cause.text
    assert (after.phase, "to send it again" in after.text) == ("retry", True)
    assert "annotate.2 timed out (deadline_passed) and was sent again" in [each.text for each in found.troubles]
    assert sum(each.seconds for each in found.phases) == pytest.approx(found.seconds)


def test_what_was_not_sent_again_is_not_told_as_lost(normals: list[RunRecord]) -> None:
    # when
    found = journey(sent_again(3.5), normals, START)
    # then
    told = {row.name: {each.phase for each in row.intervals} for row in found.rows}
    assert "retry" in told["annotate.2"] and "retry" not in told["annotate.0"] | told["kpis"]


def test_where_nothing_is_unusual_nobody_is_accused(normals: list[RunRecord]) -> None:
    # when
    well, slow = (journey(each.record(), normals, START) for each in (Run(), Run(accept=3.0)))
    # then
    assert (well.causes_title, slow.causes_title) == ("Where most of the time went", "Why")
    assert [each.seconds for each in well.causes] == sorted((each.seconds for each in well.causes), reverse=True)
    assert 1 <= len(well.causes) <= 5 and all(each.seconds >= 0.02 * well.seconds for each in well.causes)


def test_beside_what_is_unusual_nothing_is_told_that_took_as_long_as_ever(normals: list[RunRecord]) -> None:
    # when
    found = journey(Run(accept=3.0, queue_annotate_1=1.0).record(), normals, START)
    # then
    assert [(each.phase, each.unusual) for each in found.causes] == [("accept", True), ("queue", True)]


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
