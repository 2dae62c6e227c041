"""What a run is compared with."""

from libs.journey.tests.unit.conftest import START, Run

from millrace.contracts.run import RunRecord, RunStatus
from millrace.journey import journey
from millrace.journey.normals import MOST, normal


def test_medians_are_of_the_flows_other_runs_that_ended_well(normals: list[RunRecord]) -> None:
    # given
    run = Run().record()
    others = [
        run, Run(accept=50).record(7, flow="another"), Run(accept=50).record(8, status=RunStatus.FAILED),
        Run(accept=50).record(9, attempt=2),
    ]  # fmt: skip
    # when
    found = journey(run, [*others, *normals], START)
    # then
    assert found.normal.runs == 5
    accept = next(each for each in found.phases if each.phase == "accept")
    assert (accept.seconds, accept.normal_s, accept.p90_s) == (0.05, 0.05, 0.05)


def test_a_redrive_is_compared_step_by_step_and_not_as_a_whole(normals: list[RunRecord]) -> None:
    # given
    again = Run(compute_report_0=2.0).record().model_copy(update={"attempt": 2, "began_at": START})
    # when
    found = journey(again, normals, START)
    # then
    assert (found.normal.runs, found.normal.seconds) == (5, None)
    assert (found.causes[0].step, found.causes[0].unusual) == ("report", True)
    assert "for what the attempt before had left. Most of it: analytics was slow" in found.verdict


def test_fewer_than_three_say_nothing(normals: list[RunRecord]) -> None:
    # when
    found = journey(Run().record(), normals[:2], START)
    # then
    assert (found.normal.runs, found.normal.enough, found.normal.seconds) == (2, False, None)
    assert "2 earlier runs of this flow" in found.verdict
    assert {each.normal_s for each in found.phases} == {None}


def test_runs_of_about_the_same_size_are_preferred_where_there_are_enough(normals: list[RunRecord]) -> None:
    # given
    large = [Run(compute_annotate_0=9).record(number + 10, records=100_000) for number in range(5)]
    # when
    small, big = (normal(Run().record(records=size), [*large, *normals]) for size in (2_000, 50_000))
    neither = normal(Run().record(records=10), [*large, *normals])
    # then
    assert (small.runs, small.similar, max(small.seconds) < 3) == (5, True, True)
    assert (big.runs, big.similar, min(big.seconds) > 9) == (5, True, True)
    assert (neither.runs, neither.similar) == (10, False)


def test_no_more_than_the_newest_are_looked_at() -> None:
    # when / then
    assert normal(Run().record(), [Run().record(number + 1) for number in range(40)]).runs == MOST


def test_a_queue_is_compared_with_the_longest_wait_of_others(normals: list[RunRecord]) -> None:
    # when
    found = journey(Run(queue_annotate_2=2.0).record(), normals, START)
    # then
    slowest = found.queues[0]
    assert (slowest.queue, slowest.service, slowest.longest) == ("nlp", "nlp", "annotate.2")
    assert (slowest.longest_s, slowest.messages) == (2.02, 3)
    assert slowest.normal_s is not None and slowest.normal_s < 0.03
