"""What users may do to a run over the whole stack: cancel it, run it again; and what a silent service costs it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from millrace.contracts.catalogue import ADVANCE
from millrace.contracts.run import RunStatus
from millrace.testing.stack import GIVE_UP_S, StackUnderTest


@contextmanager
def silent(stack: StackUnderTest, name: str) -> Iterator[None]:
    """A service that says nothing, for as long as the block lasts."""
    process = stack.stack.processes[name]
    process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send(signal.SIGCONT)


def test_a_service_that_says_nothing_costs_a_gap_and_not_the_run(stack: StackUnderTest, sample: Path) -> None:
    # when
    with silent(stack, "nlp"):
        run = stack.wait_for_callback(stack.client.submit_file(sample, callback_url=stack.stack.callback_url).run_id)
    # then
    assert run.status is RunStatus.PARTIAL
    assert ("annotate", "deadline_passed") in [(gap.step, gap.reason) for gap in run.gaps]
    report = stack.client.report(run.run_id)
    assert report.kpis is not None and not report.themes


def test_a_cancelled_run_ends_before_its_next_part_and_says_so(stack: StackUnderTest, sample: Path) -> None:
    # given
    with silent(stack, "nlp"):
        run_id = stack.client.submit_file(sample, callback_url=stack.stack.callback_url).run_id
        stack.client.wait(run_id, GIVE_UP_S, done=lambda run: any(each.name == "annotate" for each in run.stages))
        # when
        stack.client.cancel(run_id, "the wrong file")
        run = stack.wait_for_callback(run_id)
    # then
    assert (run.status, run.reason) == (RunStatus.CANCELLED, "the wrong file")
    (callback,) = stack.callbacks(run)
    assert callback["body"]["type"] == "insight.cancelled"
    assert not [worker for worker in stack.executed_by(run_id) if worker.startswith("nlp")]


def test_what_was_asked_outlives_the_orchestrator_and_the_broker(stack: StackUnderTest, sample: Path) -> None:
    # given: nobody who would carry the run on
    orchestrators = [name for name in stack.stack.processes if name.startswith("orchestrator-orchestration")]
    with silent(stack, "nlp"):
        run_id = stack.client.submit_file(sample, callback_url=stack.stack.callback_url).run_id
        stack.client.wait(run_id, GIVE_UP_S, done=lambda run: any(each.name == "annotate" for each in run.stages))
        for name in orchestrators:
            stack.stack.processes[name].kill()
        # when
        stack.client.cancel(run_id, "the wrong file")
        with Redis.from_url(stack.stack.environment["MILLRACE_BROKER_URL"]) as broker:
            broker.delete(ADVANCE.queue)
        for name in orchestrators:
            stack.stack.start_again(name)
        run = stack.wait_for_callback(run_id)
    # then
    assert (run.status, run.reason, run.asked) == (RunStatus.CANCELLED, "the wrong file", None)


def test_a_run_that_is_run_again_does_only_what_was_asked_and_amends_its_report(
    stack: StackUnderTest, sample: Path
) -> None:
    # given
    with silent(stack, "nlp"):
        first = stack.wait_for_callback(stack.client.submit_file(sample, callback_url=stack.stack.callback_url).run_id)
    before = stack.executed_by(first.run_id)
    # when
    stack.client.redrive(first.run_id)
    run = stack.client.wait(
        first.run_id, GIVE_UP_S,
        done=lambda run: run.attempt == 2 and bool(run.callback and run.callback.delivered_at),
    )  # fmt: skip
    # then
    assert [each.status for each in run.attempts] == [RunStatus.PARTIAL, RunStatus.COMPLETED]
    after = stack.executed_by(first.run_id)
    assert {worker.split()[0] for worker in after if after[worker] != before.get(worker)} == {"nlp", "analytics"}
    (amendment,) = stack.callbacks(run)
    assert (amendment["body"]["type"], amendment["body"]["data"]["status"]) == ("insight.amended", "completed")
    assert stack.client.report(first.run_id).themes
