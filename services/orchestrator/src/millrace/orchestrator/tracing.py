"""The orchestrator's spans: those that it tells from the run record, and those of its own work.

What is told from the record is told after it was written, and once more by whoever carries on after a crash.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from millrace.contracts.messages import RunMessage
from millrace.contracts.run import RunRecord, StageRecord
from millrace.contracts.tracing import parse
from millrace.orchestrator.domain import spans
from millrace.orchestrator.domain.joining import Outcomes, expected
from millrace.orchestrator.domain.notable import kept, worth_keeping
from millrace.telemetry import table, tracing
from millrace.telemetry.structure import emit
from millrace.telemetry.table import Kind
from millrace.worker import handling, sending

_SHAPES = {
    spans.Kind.ACCEPT: (table.ACCEPT, Kind.SERVER),
    spans.Kind.RUN: (table.RUN, Kind.INTERNAL),
    spans.Kind.STAGE: (table.STAGE, Kind.INTERNAL),
    spans.Kind.WAIT: (table.WAIT, Kind.CONSUMER),
    spans.Kind.PROCESS: (table.PROCESS, Kind.CONSUMER),
}

_OPERATIONS = {spans.Kind.WAIT: "receive", spans.Kind.PROCESS: "process"}
_ACCEPTED: dict[str, tracing.Value] = {
    "http.request.method": "POST",
    "http.route": "/v1/runs",
    "http.response.status_code": 202,
}


def queued_s() -> float:
    """How long the message at work waited in its queue; 0 outside of any."""
    at_work = handling.current()
    return at_work.queued_s if at_work else 0.0


def chosen(after: RunRecord) -> RunRecord:
    """The record as it is to be written: at its end a run is sampled after all, if it is worth that."""
    if tracing.traces() is None or not after.status.terminal or not worth_keeping(after):
        return after
    return kept(after)


def moved(before: RunRecord, written: RunRecord) -> None:
    """Tell what ended with the change: of a run that was not sampled so far, everything."""
    if _recorded(written):
        _tell(spans.moved(before, written) if _sampled(before.traceparent) else spans.whole(written))


def again(message: RunMessage, record: RunRecord, stage: str | None = None) -> None:
    """Tell once more what the first reader of the message may have died over, if it had one.

    It says whether the run was sampled when it was sent.
    """
    at_work = handling.current()
    if at_work is None or not at_work.redelivered or not _recorded(record):
        return
    late = record.status.terminal and message.traceparent is not None and not _sampled(message.traceparent)
    _tell(spans.whole(record) if late else spans.again(record, message.attempt, stage))


def joining(record: RunRecord, stage: StageRecord, outcomes: Outcomes) -> AbstractContextManager[Any]:
    """The span of a join, which links to the work of each part."""
    there = [outcomes[each] for each in expected(stage) if each in outcomes]
    about = _about(record) | {"stage": stage.name, "parts": len(there), "missing": len(expected(stage)) - len(there)}
    return tracing.span(
        table.JOIN.format(stage=stage.name), attributes=about, links=[each.traceparent for each in there]
    )


@contextmanager
def sweeping(record: RunRecord) -> Iterator[None]:
    """The span of the sweep's turn with a run; it is a part of the attempt, whoever lost that."""
    about = _about(record) | {"status": record.status.value}
    with tracing.attached(record.span), tracing.span(table.SWEEP, attributes=about):
        yield


def _about(record: RunRecord) -> dict[str, str | int | float | bool | None]:
    return {"run_id": record.run_id, "tenant": record.tenant, "attempt": record.attempt}


def _recorded(record: RunRecord) -> bool:
    return tracing.traces() is not None and _sampled(record.traceparent)


def _sampled(traceparent: str | None) -> bool:
    context = parse(traceparent)
    return context is not None and context.sampled


def _tell(told: tuple[spans.Told, ...]) -> None:
    for each in told:
        shape, kind = _SHAPES[each.kind]
        emit(
            shape.format(**each.about), context=each.context, parent=each.parent, start=each.begin, end=each.end,
            service=each.service, kind=kind, attributes={**each.about, **_conventions(each)}, links=each.links,
            error=each.error or None,
        )  # fmt: skip


def _conventions(told: spans.Told) -> Mapping[str, tracing.Value]:
    """What OpenTelemetry wants said of such a span, as far as the record tells."""
    if told.kind is spans.Kind.ACCEPT:
        return _ACCEPTED
    operation = _OPERATIONS.get(told.kind)
    return sending.about(str(told.about["queue"]), "", operation) if operation else {}
