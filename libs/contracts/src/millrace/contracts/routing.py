"""Routing: which task-name glob goes to which queue. Every Celery app loads this one table.

Routes are resolved by whoever publishes, so a queue that only one service knew of would lose messages.
"""

from fnmatch import fnmatchcase
from functools import cache

from millrace.contracts.errors import UnknownTask

ROUTES: dict[str, str] = {
    "orchestration.*": "orchestration",
    "distribution.*": "distribution",
    "dataset.conversations.*": "dataset-conversations",
    "dataset.customers.*": "dataset-customers",
    "nlp.*": "nlp",
    "analytics.*": "analytics",
    "callback.*": "callback",
}
"""Task-name glob → queue."""

UNROUTED = "unrouted"
"""Where a name without a route would go: it has no consumer and raises an alarm."""

DEAD_LETTERS = "dead-letters"
"""Where messages wait that no worker can use, each with its reason, until a person sends them back."""

QUEUES: tuple[str, ...] = tuple(ROUTES.values())
"""Every queue that some service consumes."""


def queue_for(task: str) -> str:
    """The queue of a task name; UnknownTask when no route matches."""
    for glob, queue in ROUTES.items():
        if fnmatchcase(task, glob):
            return queue
    raise UnknownTask(f"no route for the task {task!r}")


@cache
def known_queue(task: str) -> str | None:
    """The same; None for a task that this release does not know."""
    try:
        return queue_for(task)
    except UnknownTask:
        return None
