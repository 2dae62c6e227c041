"""Where traces begin: with the request that makes a run. Nothing else that is asked of the API begins one."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

from fastapi import Request
from fastapi.telemetry import TelemetryConfig

from millrace.contracts.run import RunRecord
from millrace.contracts.tracing import parse
from millrace.telemetry import table, tracing
from millrace.telemetry.table import Kind

HEADER: Final = "traceparent"
"""https://www.w3.org/TR/trace-context/#traceparent-header"""
BEGINS: Final = ("POST", "/v1/runs")


def _begins_nothing(scope: MutableMapping[str, Any]) -> bool:
    return (scope.get("method"), scope.get("path")) != BEGINS


TELEMETRY: Final[TelemetryConfig] = {
    "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False, "exclude": _begins_nothing,
}  # fmt: skip
"""What FastAPI itself records. Its own metrics and logs would say again what ours say, and quote what callers wrote."""


def place_of(request: Request) -> str | None:
    """The trace context that a run is told to go on from: of the request's own span, or of its caller's while traces
    are switched off here. What is no header of version 00 is left out, as the specification asks for.
    """
    here = tracing.current_traceparent()
    if here is not None:
        return here
    given = request.headers.get(HEADER, "")
    return given if parse(given) is not None else None


def accepted(run_id: str, tenant: str) -> None:
    """Say on the request's span which run it made. A repeated request makes none: its own trace is not the run's."""
    tracing.say(run_id=run_id, tenant=tenant)


@contextmanager
def asking(record: RunRecord, what: str) -> Iterator[None]:
    """The span of a cancel or redrive, in the trace of the run that it is about."""
    about: dict[str, tracing.Value] = {"run_id": record.run_id, "tenant": record.tenant, "attempt": record.attempt}
    with tracing.attached(record.span), tracing.span(table.ASK.format(ask=what), Kind.SERVER, about):
        yield
