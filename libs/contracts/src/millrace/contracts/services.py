"""The services: one name each, the queues it consumes and the class of its workers."""

from dataclasses import dataclass
from enum import StrEnum


class WorkerClass(StrEnum):
    """How a worker spends its time."""

    ORCHESTRATION = "orchestration"
    """Decides; gevent; many short waits."""
    DISTRIBUTION = "distribution"
    """Publishes and delivers; gevent."""
    TASK = "task"
    """Computes; prefork, one message per child."""
    HTTP = "http"
    """Answers HTTP; uvicorn."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One kind of process of a service."""

    service: str
    queue: str | None
    worker_class: WorkerClass

    @property
    def name(self) -> str:
        """Name of the process, the container and the Kubernetes object."""
        service = self.service.replace("_", "-")
        return service if self.queue in (None, service) else f"{service}-{self.queue}"


DEPLOYMENTS = (
    Deployment(service="ingestion", queue=None, worker_class=WorkerClass.HTTP),
    Deployment(service="orchestrator", queue="orchestration", worker_class=WorkerClass.ORCHESTRATION),
    Deployment(service="orchestrator", queue="distribution", worker_class=WorkerClass.DISTRIBUTION),
    Deployment(service="dataset_conversations", queue="dataset-conversations", worker_class=WorkerClass.TASK),
    Deployment(service="dataset_customers", queue="dataset-customers", worker_class=WorkerClass.TASK),
    Deployment(service="nlp", queue="nlp", worker_class=WorkerClass.TASK),
    Deployment(service="analytics", queue="analytics", worker_class=WorkerClass.TASK),
    Deployment(service="callback", queue="callback", worker_class=WorkerClass.DISTRIBUTION),
)

_CONSUMERS = {each.queue: each.service for each in DEPLOYMENTS}


def service_of(queue: str) -> str:
    """The service that consumes the queue; empty for one that this release does not know."""
    return _CONSUMERS.get(queue, "")
