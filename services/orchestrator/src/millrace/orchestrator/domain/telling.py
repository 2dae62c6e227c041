"""What a span is that a run record tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from millrace.contracts.run import RunRecord

OWN = "orchestrator"


class Kind(StrEnum):
    """What a span stands for."""

    ACCEPT = "accept"
    RUN = "run"
    STAGE = "stage"
    WAIT = "wait"
    PROCESS = "process"
    JOIN = "join"
    DELIVERY = "delivery"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A span as a record tells it."""

    kind: Kind
    context: str
    """Its traceparent."""
    parent: str | None
    begin: datetime
    end: datetime
    service: str = OWN
    about: Mapping[str, str | int | float] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    error: str = ""
    """A machine key; empty when it went well."""


def about(record: RunRecord, **more: str | int | float) -> dict[str, str | int | float]:
    """What each span of an attempt says, and more."""
    return {"run_id": record.run_id, "tenant": record.tenant, "attempt": record.attempt, **more}
