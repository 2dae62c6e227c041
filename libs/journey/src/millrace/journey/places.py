"""Who does what: the service and the queue of a task."""

from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any, Final

from millrace.contracts.errors import UnknownTask
from millrace.contracts.routing import queue_for
from millrace.contracts.run import StepRecord
from millrace.contracts.services import DEPLOYMENTS

CONSUMER: Final = "consumer"
"""Stands for a service where the consumer of the callback keeps us waiting."""
_SERVICES: Final = {each.queue: each.service for each in DEPLOYMENTS}


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


def service_of(queue: str) -> str:
    """The service that consumes the queue; empty for one that this release does not know."""
    return _SERVICES.get(queue, "")


@cache
def queue_of(task: str) -> str:
    """The queue of a task; empty for a task that this release does not know."""
    try:
        return queue_for(task)
    except UnknownTask:
        return ""


def place_of(stage: str, step: StepRecord, part: int | None = None) -> Place:
    """Where a step's parts are worked on."""
    queue = queue_of(step.task)
    return Place(service=service_of(queue), queue=queue, stage=stage, step=step.name, part=part)


ORCHESTRATION: Final = Place(service="orchestrator", queue="orchestration")
INGESTION: Final = Place(service="ingestion")
CALLBACK: Final = Place(service="callback", queue="callback")
