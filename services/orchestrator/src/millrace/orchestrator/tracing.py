"""The orchestrator's spans: those that it tells from the run record, and those of its own work.

What is told from the record is told after it was written, and once more by whoever carries on after a crash.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from millrace.contracts.base import now
from millrace.contracts.messages import RunMessage
from millrace.contracts.run import RunRecord, StageRecord
from millrace.contracts.tracing import flagged, sampled
from millrace.orchestrator.domain import notable, spans
from millrace.orchestrator.domain.joining import Outcomes, expected
from millrace.orchestrator.domain.telling import Kind as Shape
from millrace.orchestrator.domain.telling import Told
from millrace.telemetry import table, tracing
from millrace.telemetry.context import carrying
from millrace.telemetry.logs import get_logger
from millrace.telemetry.structure import Written, emit_all
from millrace.telemetry.table import Kind
from millrace.worker import handling, sending

log = get_logger(__name__)

_SHAPES = {
    Shape.ACCEPT: (table.ACCEPT, Kind.SERVER),
    Shape.RUN: (table.RUN, Kind.INTERNAL),
    Shape.STAGE: (table.STAGE, Kind.INTERNAL),
    Shape.WAIT: (table.WAIT, Kind.CONSUMER),
    Shape.PROCESS: (table.PROCESS, Kind.CONSUMER),
    Shape.JOIN: (table.JOIN, Kind.INTERNAL),
    Shape.DELIVERY: (table.DELIVERY, Kind.CLIENT),
}

_OPERATIONS = {Shape.WAIT: "receive", Shape.PROCESS: "process"}
_ACCEPTED: dict[str, tracing.Value] = {
    "http.request.method": "POST",
    "http.route": "/v1/runs",
    "http.response.status_code": 202,
}
_turn: ContextVar[tuple[RunRecord, datetime] | None] = ContextVar("turn", default=None)
"""A run that the sweep looks at and has not carried on yet, and since when."""


def queued_s() -> float:
    """How long the message at work waited in its queue; 0 outside of any."""
    at_work = handling.current()
    return at_work.queued_s if at_work else 0.0


def sent_at() -> datetime | None:
    """When the message at work was sent; None outside of any, and where nobody knows."""
    at_work = handling.current()
    return at_work.sent_at if at_work else None


def chosen(before: RunRecord, after: RunRecord) -> RunRecord:
    """The record as it is to be written: a run is recorded after all, once it is worth that."""
    return after if tracing.traces() is None else notable.chosen(before, after)


def moved(before: RunRecord, written: RunRecord) -> None:
    """Tell what the change of the record told."""
    with _quietly(written):
        _tell(spans.written(before, written))


def again(message: RunMessage, record: RunRecord, stage: str | None = None) -> None:
    """Tell once more what the first reader of the message may have died over, if it had one."""
    at_work = handling.current()
    if at_work is None or not at_work.redelivered or not sampled(record.traceparent):
        return
    with _quietly(record):
        was_sampled = message.traceparent is None or sampled(message.traceparent)
        _tell(spans.again(record, message.attempt, stage, was_sampled))


def settled(before: RunRecord) -> RunRecord:
    """An ended run that turned out to be worth a trace after its end, as it is to be written before it is told."""
    return before.model_copy(update={"kept_at": before.ended_at})


def untold(record: RunRecord) -> bool:
    """Whether somebody has to tell this run, and can."""
    return tracing.traces() is not None and record.untold


def late(written: RunRecord) -> None:
    """Tell the whole run, its failed delivery with it."""
    with _quietly(written):
        _tell(spans.late(written))


@contextmanager
def joining(record: RunRecord, stage: StageRecord, outcomes: Outcomes) -> Iterator[None]:
    """The span of a join, which links to the work of each part."""
    there = [outcomes[each] for each in expected(stage) if each in outcomes]
    said = _about(record) | {"stage": stage.name, "parts": len(there), "missing": len(expected(stage)) - len(there)}
    links = [each.traceparent for each in there]
    with acting(), tracing.span(table.JOIN.format(stage=stage.name), attributes=said, links=links):
        yield


@contextmanager
def sweeping(record: RunRecord) -> Iterator[None]:
    """The sweep's turn with a run. Its lines name the run and its trace; it has a span from `acting` on only."""
    with carrying(**_about(record)), tracing.attached(flagged(record.span, sampled=False)):
        token = _turn.set((record, now()))
        try:
            yield
        finally:
            _turn.reset(token)


@contextmanager
def acting() -> Iterator[None]:
    """The run is carried on in this block: in the sweep's span, if it is the sweep that does it.

    That is a part of the attempt, whoever lost it.
    """
    turn = _turn.get()
    if turn is None:
        yield
        return
    record, began = turn
    token = _turn.set(None)
    said = _about(record) | {"status": record.status.value}
    try:
        with tracing.attached(record.span), tracing.span(table.SWEEP, attributes=said, began=began):
            yield
    finally:
        _turn.reset(token)


@contextmanager
def _quietly(record: RunRecord) -> Iterator[None]:
    """The run goes on, whatever keeps it from being told."""
    try:
        yield
    except Exception as error:
        log.warning(
            "run_not_told",
            extra={"action": "run_not_told", **_about(record), "error": type(error).__name__},
        )


def _about(record: RunRecord) -> dict[str, tracing.Value]:
    return {"run_id": record.run_id, "tenant": record.tenant, "attempt": record.attempt}


def _tell(told: tuple[Told, ...]) -> None:
    """All of it or, where there is no room, nothing."""
    emit_all([_written(each) for each in told])


def _written(told: Told) -> Written:
    shape, kind = _SHAPES[told.kind]
    return Written(
        name=shape.format(**told.about), context=told.context, parent=told.parent, start=told.begin, end=told.end,
        service=told.service, kind=kind, attributes={**told.about, **_conventions(told)}, links=told.links,
        error=told.error or None,
    )  # fmt: skip


def _conventions(told: Told) -> Mapping[str, tracing.Value]:
    """What OpenTelemetry wants said of such a span, as far as the record tells."""
    if told.kind is Shape.ACCEPT:
        return _ACCEPTED
    if told.kind is Shape.DELIVERY:
        return {"http.request.method": "POST"}
    operation = _OPERATIONS.get(told.kind)
    return sending.about(str(told.about["queue"]), "", operation) if operation else {}
