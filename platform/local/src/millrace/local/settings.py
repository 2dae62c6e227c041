"""What the local stack takes from the environment, and what it hands to its processes."""

import os

from pydantic import Field

from millrace.contracts.settings import Settings


class LocalSettings(Settings):
    """How to run the stack, `MILLRACE_*`."""

    broker_url: str = Field(default="", repr=False)
    """Empty for the stack's own Redis; `sqs://` for the stack's own moto server, `amqp://` for a RabbitMQ of its own,
    where that is installed; else a broker of yours."""
    concurrency: int = Field(default=2, ge=1)
    """Children of the nlp and analytics workers; the dataset services have one."""
    replicas: int = Field(default=1, ge=1)
    """Processes of each worker deployment: `nlp`, `nlp-2`, …"""
    log_format: str = "json"
    state_dir: str = ".millrace"
    start_timeout_s: float = 120.0


class ReceiverSettings(Settings):
    """Where the stack's consumer listens and what it verifies with, `MILLRACE_*`."""

    callback_secret: str = Field(repr=False)
    listen_fd: int


def inherited() -> dict[str, str]:
    """This process's environment without any `MILLRACE_*`: the stack sets those itself."""
    return {key: value for key, value in os.environ.items() if not key.startswith("MILLRACE_")}


def inherited_whole() -> dict[str, str]:
    """This process's environment, for a stack that runs on its own."""
    return dict(os.environ)
