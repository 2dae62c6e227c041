"""A whole local stack for flow tests, and what a producer and a consumer see of it."""

import json
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from millrace.client import Client
from millrace.contracts.api import RunView
from millrace.local.demo import executed_by
from millrace.local.settings import LocalSettings
from millrace.local.stack import Stack

GIVE_UP_S = 90.0
"""Far above what any run takes: a bound on a hanging test, not an expectation."""


@dataclass(frozen=True, kw_only=True)
class StackUnderTest:
    """A running stack with a client of its API."""

    stack: Stack
    client: Client

    def callbacks(self, run: RunView) -> list[dict[str, Any]]:
        """What the consumer received for a run, in order of arrival."""
        event = run.callback.event_id if run.callback else ""
        files = sorted((self.stack.folder / "callbacks").glob(f"{event}.*.json"))
        return [json.loads(file.read_text()) for file in files]

    def wait_for_callback(self, run_id: str) -> RunView:
        """The run once its callback has been delivered."""
        return self.client.wait(run_id, GIVE_UP_S, done=lambda run: bool(run.callback and run.callback.delivered_at))

    def executed_by(self, run_id: str) -> dict[str, int]:
        """Parts by the process that executed them."""
        return executed_by(self.stack.folder, run_id)

    def kill(self, name: str) -> int:
        """SIGKILL a service's worker, parent and children at once, by its handle; returns its process id."""
        handle = self.stack.processes[name].handle
        assert handle is not None
        parent = psutil.Process(handle.pid)
        for process in (parent, *parent.children(recursive=True)):
            process.send_signal(signal.SIGKILL)
        handle.wait()
        return handle.pid

    def wait_for_log(self, name: str, text: str) -> None:
        """Wait until a process has said something."""
        log = self.stack.folder / "logs" / f"{name}.log"
        give_up = time.monotonic() + GIVE_UP_S
        while text not in log.read_text(errors="replace"):
            if time.monotonic() > give_up:
                raise AssertionError(f"{name} never said {text!r}")
            threading.Event().wait(0.02)


def start(folder: Path, broker_url: str = "", concurrency: int = 2) -> StackUnderTest:
    """Start a stack in a folder of its own."""
    settings = LocalSettings(broker_url=broker_url, concurrency=concurrency)
    stack = Stack(folder=folder, settings=settings)
    stack.start()
    return StackUnderTest(stack=stack, client=Client(stack.api_url, stack.api_key))


def stop(under_test: StackUnderTest) -> None:
    """Stop it."""
    under_test.client.close()
    under_test.stack.stop()
