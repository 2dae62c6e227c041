"""Traces begin with the request that makes a run, in its caller's trace, and with nothing else."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from services.ingestion.tests.component.world import AUTH, World

from millrace.contracts.artifacts import JSON
from millrace.contracts.base import now
from millrace.contracts.ids import new_run_id
from millrace.contracts.run import RunStatus
from millrace.contracts.tracing import parse
from millrace.ingestion.adapters import ParserPool
from millrace.testing.recording import Recording, recording

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
BATCH = b"rating,comment\n5,fine\n"


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording("ingestion") as found:
        yield found


def caller(flags: str) -> dict[str, str]:
    return {"traceparent": f"00-{TRACE}-{CALLER}-{flags}"}


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_run_is_in_its_callers_trace_whatever_the_caller_says_of_sampling(
    recorded: Recording, world: World, flags: str
) -> None:
    # when
    run_id = world.submit(BATCH, headers=caller(flags)).json()["run_id"]
    # then
    span = recorded.span("POST")
    assert (span.name, span.kind, span.trace_id, span.parent_id) == ("POST /v1/runs", "server", TRACE, CALLER)
    assert (span.attributes["run_id"], span.attributes["tenant"]) == (run_id, "acme")
    assert world.runs.get("acme", run_id).traceparent == f"00-{TRACE}-{span.span_id}-01"


def test_a_callers_flag_does_not_buy_a_trace(world: World) -> None:
    with recording("ingestion", share=0.0) as recorded:
        # when
        run_id = world.submit(BATCH, headers=caller("01")).json()["run_id"]
        # then: the run keeps the caller's trace id all the same
        place = parse(world.runs.get("acme", run_id).traceparent)
        assert place is not None
        assert (place.trace_id, place.sampled) == (TRACE, False)
        assert place.span_id != CALLER
        assert recorded.spans() == []


def test_a_run_without_a_callers_trace_begins_one(recorded: Recording, world: World) -> None:
    # when
    first, second = (world.submit(BATCH).json()["run_id"] for _ in range(2))
    # then
    spans = {span.attributes["run_id"]: span for span in recorded.spans("POST /v1/runs")}
    assert set(spans) == {first, second}
    assert spans[first].trace_id != spans[second].trace_id
    assert all(span.parent_id == "" for span in spans.values())


def test_a_repeated_request_is_not_taken_for_a_second_beginning_of_the_run(recorded: Recording, world: World) -> None:
    # given
    key = {"idempotency-key": new_run_id()}
    first = world.submit(BATCH, headers=key)
    before = world.runs.get("acme", first.json()["run_id"])
    # when
    again = world.submit(BATCH, headers=key)
    # then
    assert again.json() == first.json()
    assert world.runs.get("acme", before.run_id) == before
    assert [span.attributes.get("run_id") for span in recorded.spans("POST /v1/runs")] == [before.run_id, None]


def test_looking_at_things_begins_no_trace(recorded: Recording, world: World) -> None:
    # given
    run_id = world.submit(BATCH).json()["run_id"]
    before = recorded.spans()
    # when
    for path in (f"/v1/runs/{run_id}", "/v1/runs", "/healthz", "/readyz", f"/v1/runs/{run_id}/report"):
        world.client.get(path, headers=AUTH)
    world.client.post("/v1/uploads", headers=AUTH, json={"size": 3, "media_type": "text/csv"})
    # then
    assert recorded.spans() == before


@pytest.mark.parametrize("what", ["cancel", "redrive"])
def test_what_is_asked_of_a_run_is_told_in_its_own_trace(recorded: Recording, world: World, what: str) -> None:
    # given
    run_id = world.submit(BATCH).json()["run_id"]
    if what == "redrive":
        ended = {"status": RunStatus.FAILED, "ended_at": now(), "due_at": None}
        world.runs.replace(world.runs.get("acme", run_id).model_copy(update=ended))
    # when
    answer = world.client.post(f"/v1/runs/{run_id}/{what}", headers=AUTH | {"content-type": JSON})
    # then
    assert answer.status_code == 202
    span, run = recorded.span(f"ask {what}"), parse(world.runs.get("acme", run_id).span)
    assert run is not None
    assert (span.trace_id, span.parent_id, span.kind) == (run.trace_id, run.span_id, "server")
    assert span.attributes["run_id"] == run_id


def test_without_traces_the_callers_place_is_handed_on_as_it_is(world: World) -> None:
    # when
    known, unknown = (
        world.submit(BATCH, headers=headers).json()["run_id"] for headers in (caller("01"), {"traceparent": "nonsense"})
    )
    # then
    assert world.runs.get("acme", known).traceparent == caller("01")["traceparent"]
    assert world.runs.get("acme", unknown).traceparent is None


def test_a_run_knows_when_its_request_came_in(world: World) -> None:
    # given
    began = now()
    # when
    record = world.runs.get("acme", world.submit(BATCH).json()["run_id"])
    # then
    assert record.received_at is not None
    assert began <= record.received_at <= record.accepted_at <= now() + timedelta(seconds=1)


def test_nothing_that_a_caller_wrote_is_in_a_span(recorded: Recording, world: World) -> None:
    # when
    secret = "consumer.example.com"
    world.submit(BATCH, query=f"?callback_url=https://{secret}/hook", headers={"user-agent": secret, "host": secret})
    # then
    assert secret not in repr(recorded.spans())


def test_a_refused_request_has_a_span_of_its_own_and_no_run(recorded: Recording, reader: ParserPool) -> None:
    # given
    world = World(reader=reader)
    # when
    refused = world.submit(b"", headers={"authorization": "Bearer none"})
    # then
    span = recorded.span("POST /v1/runs")
    assert span.attributes["http.response.status_code"] == refused.status_code == 401
    assert "run_id" not in span.attributes
