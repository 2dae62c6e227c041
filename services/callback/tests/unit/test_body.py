"""The callback's body: what its type and its link say of the attempt."""

from datetime import timedelta
from typing import Any

import pytest

from millrace.callback.domain.body import build
from millrace.contracts.report import Lineage, Report
from millrace.contracts.run import RunRecord, RunStatus
from millrace.testing.factories import START, artifact, run_record

ENDED = [status for status in RunStatus if status.terminal]


def record(status: RunStatus, **changes: Any) -> RunRecord:
    return run_record(status=status, **{"ended_at": START + timedelta(seconds=4)} | changes)


def report(of: RunRecord) -> Report:
    lineage = Lineage(batch_sha256="ab" * 32, flow=of.flow, flow_version=1, steps=())
    return Report(
        run_id=of.run_id, tenant=of.tenant, accepted_at=of.accepted_at, records=of.records, coverage={}, lineage=lineage
    )


@pytest.mark.parametrize("status", ENDED)
def test_the_first_end_is_told_by_its_state(status: RunStatus) -> None:
    # when
    body = build(record(status), None, "https://api.example.com")
    # then
    assert (body.type, body.data.status, body.data.attempt) == (f"insight.{status.value}", status, 1)
    assert body.data.seconds == 4.0


@pytest.mark.parametrize("status", ENDED)
def test_a_later_end_is_an_amendment_that_tells_its_own_state_and_time(status: RunStatus) -> None:
    # given
    began = START + timedelta(days=2)
    # when
    body = build(record(status, attempt=3, began_at=began, ended_at=began + timedelta(seconds=5)), None, "")
    # then
    assert (body.type, body.data.status, body.data.attempt) == ("insight.amended", status, 3)
    assert (body.data.seconds, body.data.accepted_at) == (5.0, START)


def test_the_link_leads_to_the_report_of_which_the_digest_is() -> None:
    # given
    ended = record(RunStatus.COMPLETED, attempt=2, report=artifact(sha256="cd" * 32))
    # when
    data = build(ended, report(ended), "https://api.example.com/").data
    # then: whichever attempt ends last, this stays the report that was announced
    assert data.report_url == f"https://api.example.com/v1/runs/{ended.run_id}/report?attempt=2"
    assert data.report_sha256 == "cd" * 32
