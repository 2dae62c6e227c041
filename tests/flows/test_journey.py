"""The whole journey over a local stack of real processes: from a file to a signed callback."""

from pathlib import Path
from statistics import mean

import pytest

from millrace.contracts.run import RunStatus
from millrace.testing.stack import StackUnderTest

SHARED = Path(__file__).parents[3] / "shared" / "data"


def test_the_sample_becomes_a_report_and_a_verified_callback(stack: StackUnderTest, sample: Path) -> None:
    # when
    accepted = stack.client.submit_file(sample, callback_url=stack.stack.callback_url)
    run = stack.wait_for_callback(accepted.run_id)
    # then
    assert run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
    (callback,) = stack.callbacks(run)
    assert callback["verified"] is True
    assert callback["body"]["data"]["run_id"] == run.run_id
    report = stack.client.report(run.run_id)
    assert report.headline and report.kpis is not None
    assert callback["body"]["data"]["headline"] == [finding.text for finding in report.headline]


def test_parts_are_executed_by_separate_processes_of_every_service(stack: StackUnderTest, sample: Path) -> None:
    # when
    run = stack.wait_for_callback(stack.client.submit_file(sample, callback_url=stack.stack.callback_url).run_id)
    # then
    services = {worker.split()[0] for worker in stack.executed_by(run.run_id)}
    assert services == {"dataset-conversations", "dataset-customers", "nlp", "analytics"}


def test_a_worker_that_is_killed_in_a_run_does_not_keep_it_from_ending_once(
    stack: StackUnderTest, sample: Path
) -> None:
    # given
    run_id = stack.client.submit_file(sample, callback_url=stack.stack.callback_url).run_id
    stack.wait_for_log("orchestrator-distribution", run_id)
    # when
    stack.kill("dataset-conversations")
    stack.stack.revive()
    run = stack.wait_for_callback(run_id)
    # then
    assert run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
    assert {callback["headers"]["webhook-id"] for callback in stack.callbacks(run)} == {
        f"evt_{run_id.removeprefix('run_')}"
    }


def test_a_batch_that_nothing_can_be_said_about_still_ends_and_says_so(stack: StackUnderTest) -> None:
    # when
    accepted = stack.client.submit_file(
        b'{"record_id": "1", "text": "ok"}\n', media_type="application/x-ndjson", callback_url=stack.stack.callback_url
    )
    run = stack.wait_for_callback(accepted.run_id)
    # then
    assert run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
    report = stack.client.report(run.run_id)
    assert report.records == 1 and not (report.kpis and report.kpis.scores)


@pytest.mark.skipif(not SHARED.exists(), reason="the real feedback files are not beside this checkout")
def test_real_reviews_give_the_mean_that_the_file_has(stack: StackUnderTest) -> None:
    # given
    import csv

    path = SHARED / "clothing_reviews.csv"
    with path.open(newline="", encoding="utf-8") as file:
        stars = [float(row["Rating"]) for row in csv.DictReader(file)]
    # when
    run = stack.wait_for_callback(stack.client.submit_file(path, callback_url=stack.stack.callback_url).run_id)
    # then
    report = stack.client.report(run.run_id)
    assert report.kpis is not None
    (score,) = report.kpis.scores
    assert score.mean.value == pytest.approx(mean(stars))
    assert sum(bucket.count for bucket in score.distribution) == len(stars)


@pytest.mark.skipif(not SHARED.exists(), reason="the real feedback files are not beside this checkout")
def test_a_file_with_old_line_ends_and_odd_bytes_is_read(stack: StackUnderTest) -> None:
    # when
    path = SHARED / "restaurant_reviews.csv"
    accepted = stack.client.submit_file(path, callback_url=stack.stack.callback_url)
    run = stack.wait_for_callback(accepted.run_id)
    # then
    assert accepted.records + accepted.set_aside_total == 1000
    assert run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
