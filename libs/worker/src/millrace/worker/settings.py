"""What every Celery process reads from the environment."""

import os
from typing import Literal

from pydantic import Field

from millrace.contracts.settings import Secrets, Settings, split


class BrokerSettings(Settings):
    """Where the queues are, `MILLRACE_*`."""

    broker_url: str = Field(default="redis://127.0.0.1:6379/1", repr=False)
    """`redis://…`, `amqp://…` or `sqs://…`; `sqs://key:secret@host:port` for an endpoint that is not AWS."""
    sqs_queue_url: str = ""
    """URL of the queues without their name, for SQS: `https://sqs.eu-central-1.amazonaws.com/123456789012/`."""
    aws_region: str = "eu-central-1"
    """Region of the SQS queues."""
    visibility_s: int = Field(default=6, ge=5)
    """Seconds until a message whose lease is not renewed is delivered again (SQS, Redis)."""


class WorkerSettings(BrokerSettings):
    """Broker and process settings, `MILLRACE_*`. There is no default secret: without one a process does not start."""

    message_secret: Secrets = Field(repr=False)
    """Secrets of 32 characters or more, separated by commas: the first signs task messages, each is accepted."""
    unsigned_messages: Literal["accept", "refuse"] = "refuse"
    """`accept` only while a release that does not sign is being replaced by this one."""
    concurrency: int = Field(default=2, ge=1)
    """Children of a prefork worker; greenlets of a gevent worker are a multiple of it."""
    max_tasks_per_child: int = Field(default=500, ge=1)
    max_memory_per_child_mib: int = Field(default=1024, ge=64)
    health_file: str = ""
    """Touched each second while the worker is ready, and beside it one with the suffix `.live` while it is alive; empty
    for none."""
    ready_poll_s: float = Field(default=10.0, gt=0)
    """Ready only while the broker's last answer is younger; never less than a lease lasts."""
    live_poll_s: float = Field(default=660.0, gt=0)
    """Alive only while it is younger than this, times a number from 1 to 2 that each process draws; or while it is
    tried to reach the broker. Longer than the ten minutes after which a kubelet restarts a container at once again
    (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy).
    """
    crash_dir: str = ""
    """Tests only: the folder that arms the crash points; empty for none."""

    @property
    def message_secrets(self) -> tuple[str, ...]:
        """`message_secret` as a tuple."""
        return split(self.message_secret)


GREENLETS_PER_SLOT = 20
"""Waits that a gevent worker overlaps per unit of concurrency."""

CHILD_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "MALLOC_ARENA_MAX": "2",
}
"""Set before a worker starts: thread pools of numeric libraries do not survive a fork (pytorch issue 17199)."""


def process_environment() -> dict[str, str]:
    """This process's environment, to hand on to the worker that it becomes."""
    return dict(os.environ)
