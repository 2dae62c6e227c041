"""One process of the stack: started here, its output kept, stopped by its handle and by nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from millrace.local.errors import NotStarted

STOP_S = 10.0

Listener = Callable[[str, str], None]
"""Is told the process's name and one line of its output."""


@dataclass(kw_only=True)
class Process:
    """A child process with its log."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    listener: Listener | None = None
    pass_fds: tuple[int, ...] = ()
    handle: subprocess.Popen[bytes] | None = field(default=None)
    _pump: threading.Thread | None = None

    def start(self) -> None:
        """Start it. Its standard output and errors go to the log and to the listener."""
        self.handle = subprocess.Popen(
            self.command, env=dict(self.environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, pass_fds=self.pass_fds, start_new_session=True,
        )  # fmt: skip
        self._pump = threading.Thread(target=self._read, args=(self.handle,), daemon=True)
        self._pump.start()

    def _read(self, handle: subprocess.Popen[bytes]) -> None:
        assert handle.stdout is not None  # noqa: S101 - opened as a pipe above
        with handle.stdout, self.log.open("ab") as log:
            for line in handle.stdout:
                log.write(line)
                log.flush()
                if self.listener is not None:
                    self.listener(self.name, line.decode(errors="replace").rstrip())

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.handle is not None and self.handle.poll() is None

    def send(self, number: signal.Signals, whole: bool = True) -> None:
        """Signal the process, and its children when `whole`; nothing happens when it is gone.

        It leads a process group of its own (`start_new_session`), so the group's number cannot be somebody else's
        while its handle has not been waited for.
        """
        if self.handle is not None and self.handle.poll() is None:
            (os.killpg if whole else os.kill)(self.handle.pid, number)

    def kill(self) -> None:
        """End it and its children at once, without a word, and wait until it is gone."""
        self.send(signal.SIGKILL)
        if self.handle is not None:
            self.handle.wait()

    def stop(self, patience_s: float = STOP_S) -> None:
        """Ask it to end, then end it."""
        if self.handle is None:
            return
        if self.handle.poll() is None:
            self.handle.terminate()
        try:
            self.handle.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.handle.kill()
            self.handle.wait()
        if self._pump is not None:
            self._pump.join(1)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:]) if self.log.exists() else ""


def module(name: str, *arguments: str) -> list[str]:
    """A command that runs a module of this environment."""
    return [sys.executable, "-m", name, *arguments]


def wait_until(ready: Callable[[], bool], process: Process, seconds: float) -> None:
    """Wait for a process to become ready; NotStarted with the end of its log when it dies or takes too long."""
    give_up = time.monotonic() + seconds
    while not ready():
        if not process.running or time.monotonic() > give_up:
            raise NotStarted(f"{process.name} did not become ready\n{process.last_lines()}")
        threading.Event().wait(0.05)
