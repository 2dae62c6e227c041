"""How long each message took, told by its worker: until its work was done, and until nothing held it up any more."""

import json
import time
from dataclasses import dataclass
from typing import Any

from celery import signals
from redis import Redis

from millrace.worker.service import Service
from millrace.worker.signing import SENT_AT

TOOK = "bench:took"
"""Redis list of the seconds of each message."""
QUIET_S = 0.3
"""Nobody has anything to tell any more."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds of a message since it was sent."""

    done: float
    """Until its task had returned and its line was logged."""
    let_go: float
    """Until it could be acknowledged: whatever waits for a receiver has waited."""


def tell(service: Service) -> None:
    """Have the service's worker tell. After `Service.prepare`, so that our handlers come after its own."""
    redis = service.stores.redis
    done: dict[str, float] = {}

    def worked(task: Any, task_id: str, **_: Any) -> None:
        done[task_id] = time.time() - task.request.get(SENT_AT)

    def ended(task: Any, task_id: str, **_: Any) -> None:
        redis.rpush(TOOK, json.dumps([done.pop(task_id), time.time() - task.request.get(SENT_AT)]))

    def connect(**_: Any) -> None:
        signals.task_postrun.connect(ended, weak=False)

    signals.task_postrun.connect(worked, weak=False)
    # What lets go of a message is connected when the worker starts.
    signals.worker_init.connect(connect, weak=False)


def told(redis: Redis) -> list[Took]:
    """Every message since it was asked last."""
    found = []
    while item := redis.blpop([TOOK], timeout=QUIET_S):  # seconds may be a fraction
        done, let_go = json.loads(item[1])
        found.append(Took(done=done, let_go=let_go))
    return found
