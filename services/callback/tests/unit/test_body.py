"""The callback's body: what its type and its link say of the attempt."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.callback.domain.body import MAX_BYTES, build
from millrace.contracts.insights import Estimate
from millrace.contracts.outcome import Coverage, OutcomeStatus
from millrace.contracts.report import Alert, CallbackBody, Finding, Lineage, Report, RunCost
from millrace.contracts.run import RunRecord, RunStatus, StepContext
from millrace.testing.factories import START, artifact, run_record

ENDED = [status for status in RunStatus if status.terminal]


def record(status: RunStatus, **changes: Any) -> RunRecord:
    return run_record(status=status, **{"ended_at": START + timedelta(seconds=4)} | changes)


def link(of: RunRecord, expires_at: datetime) -> str:
    return f"{of.run_id}/{of.attempt} until {expires_at:%Y-%m-%d}"


def report(of: RunRecord) -> Report:
    lineage = Lineage(batch_sha256="ab" * 32, flow=of.flow, flow_version=1, steps=())
    return Report(
        run_id=of.run_id, tenant=of.tenant, accepted_at=of.accepted_at, records=of.records, coverage={}, lineage=lineage
    )


@pytest.mark.parametrize("status", ENDED)
def test_the_first_end_is_told_by_its_state(status: RunStatus) -> None:
    # when
    body = build(record(status), None, link)
    # then
    assert (body.type, body.data.status, body.data.attempt) == (f"insight.{status.value}", status, 1)
    assert body.data.seconds == 4.0


@pytest.mark.parametrize("status", ENDED)
def test_a_later_end_is_an_amendment_that_tells_its_own_state_and_time(status: RunStatus) -> None:
    # given
    began = START + timedelta(days=2)
    # when
    body = build(record(status, attempt=3, began_at=began, ended_at=began + timedelta(seconds=5)), None, link)
    # then
    assert (body.type, body.data.status, body.data.attempt) == ("insight.amended", status, 3)
    assert (body.data.seconds, body.data.accepted_at) == (5.0, START)


def test_the_link_opens_the_report_of_which_the_digest_is_for_a_week() -> None:
    # given
    ended = record(RunStatus.COMPLETED, attempt=2, report=artifact(sha256="cd" * 32))
    # when
    data = build(ended, report(ended), link).data
    # then: whichever attempt ends last, this stays the report that was announced
    assert data.report_url == f"{ended.run_id}/2 until 2026-03-08"
    assert (data.report_expires_at, data.report_sha256) == (ended.ended_at + timedelta(days=7), "cd" * 32)


def test_the_digest_holds_what_a_dashboard_shows() -> None:
    # given
    ended = record(RunStatus.COMPLETED)
    alert = Alert(kind="change_point", text="Delivery is mentioned more", metric="change_points.theme.delivery")
    net = Estimate(value=-0.25, low=-0.4, high=-0.1, n=90)
    steps = [
        StepContext(stage=stage, step=name, status=OutcomeStatus.SUCCEEDED, parts=1, seconds=seconds)
        for stage, name, seconds in [("one", "a", 0.5), ("one", "b", 0.7), ("two", "c", 0.2)]
    ]
    told = report(ended)
    lineage = told.lineage.model_copy(update={"steps": tuple(steps)})
    cost = RunCost(usd=0.0001, compute_s=1.4, messages=9, basis="list prices")
    # when
    update = {"alerts": (alert,), "sentiment": net, "lineage": lineage, "cost": cost}
    data = build(ended, told.model_copy(update=update), link).data
    # then
    assert (data.alerts, data.kpis, data.cost_usd) == ((alert,), {"net_sentiment": -0.25}, 0.0001)
    assert data.timings == {"one": 0.7, "two": 0.2}


def long_report(ended: RunRecord, letters: int) -> Report:
    """Five alerts and five findings of so many letters, and the coverage of a hundred steps."""
    alert = Alert(kind="change_point", text="ä" * letters, metric="m" * letters)
    return report(ended).model_copy(
        update={
            "alerts": (alert,) * 5,
            "headline": (Finding(text="ü" * letters, metric="m", n=9),) * 5,
            "coverage": {f"step_{number}": Coverage(seen=1, total=3) for number in range(100)},
        }
    )


def size(body: CallbackBody) -> int:
    return len(body.model_dump_json().encode())


def test_a_body_that_would_be_too_large_is_shortened_first() -> None:
    # given
    ended = record(RunStatus.COMPLETED, metadata={"order": "7"})
    # when
    body = build(ended, long_report(ended, 5_000), link)
    # then: nothing is missing
    assert size(body) < MAX_BYTES
    assert [len(each.text) for each in body.data.alerts] == [len(each) for each in body.data.headline] == [200] * 5
    assert (len(body.data.coverage), body.data.metadata) == (100, {"order": "7"})


def test_then_it_does_without_what_the_report_tells_and_keeps_what_the_producer_told() -> None:
    # given
    ended = record(RunStatus.COMPLETED, metadata={f"key {number}": "v" * 250 for number in range(64)})
    # when
    body = build(ended, long_report(ended, 300), link)
    # then
    assert size(body) < MAX_BYTES
    assert (body.data.coverage, body.data.alerts, body.data.metadata) == ({}, (), ended.metadata)
    assert body.data.report_url


@pytest.mark.parametrize("told", [True, False])
def test_no_metadata_makes_a_body_too_large(told: bool) -> None:
    # given
    ended = record(RunStatus.FAILED, metadata={f"key {number}": "€" * 1_000 for number in range(64)})
    # when
    body = build(ended, long_report(ended, 300) if told else None, link)
    # then
    assert (size(body) < MAX_BYTES, body.data.metadata, body.data.run_id) == (True, {}, ended.run_id)
