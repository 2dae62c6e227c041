"""Who does what: the service and the queue of a task."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from millrace.contracts.routing import known_queue
from millrace.contracts.run import StepRecord
from millrace.contracts.services import service_of

CONSUMER: Final = "consumer"
"""Stands for a service where the consumer of the callback keeps us waiting."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where time is spent."""

    service: str = ""
    queue: str = ""
    stage: str = ""
    step: str = ""
    part: int | None = None

    def told(self, what: str = "", source: str = "", **more: Any) -> dict[str, Any]:
        """As fields of an `Interval`."""
        return {**asdict(self), "what": what, "source": source, **more}

    def behind(self, queue: str) -> "Place":
        """The same thing, in another queue."""
        return replace(self, queue=queue, service=service_of(queue))


def place_of(stage: str, step: StepRecord, part: int | None = None) -> Place:
    """Where a step's parts are worked on."""
    queue = known_queue(step.task) or ""
    return Place(service=service_of(queue), queue=queue, stage=stage, step=step.name, part=part)


ORCHESTRATION: Final = Place(service="orchestrator", queue="orchestration")
INGESTION: Final = Place(service="ingestion")
CALLBACK: Final = Place(service="callback", queue="callback")
