"""The stack's processes as victims: which there are, how they are hit, and how they come back."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil

from millrace.local.process import Process
from millrace.local.stack import Stack

REVIVE_S = 0.2
LOOK_S = 0.02
RENEW_S = 120.0


class Processes:
    """Everything that the stack started, by name. Who dies is started again at once, as Kubernetes would."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._done = threading.Event()
        self._held: set[str] = set()
        self.revived: list[str] = []
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def names(self, deployment: str) -> list[str]:
        """Replicas of a deployment."""
        return [name for name in self._stack.processes if name == deployment or _number_of(name, deployment)]

    def get(self, name: str) -> Process:
        """The process of this name."""
        return self._stack.processes[name]

    def ready(self, name: str) -> bool:
        """Whether it runs and has said that it is ready since its last start."""
        return self._stack.ready(name)

    def wait_ready(self, names: list[str], seconds: float) -> list[str]:
        """Wait until all of them are; returns who is not by then."""
        give_up = time.monotonic() + seconds
        while (late := [name for name in names if not self.ready(name)]) and time.monotonic() < give_up:
            threading.Event().wait(LOOK_S)
        return late

    def child(self, name: str, rng: Random) -> psutil.Process | None:
        """One child of a pool; None for a worker that has none."""
        handle = self.get(name).handle
        assert handle is not None
        children = psutil.Process(handle.pid).children()
        return rng.choice(children) if children else None

    def pause(self, name: str) -> None:
        """SIGSTOP to the whole worker."""
        self.get(name).send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT to the whole worker."""
        self.get(name).send(signal.SIGCONT)

    def hold(self, name: str) -> None:
        """Do not start it again until it is let go."""
        self._held.add(name)

    def let_go(self) -> None:
        """Start again whoever was held."""
        self._held.clear()

    def renew(self) -> None:
        """End every process and wait for its successor, as after a fault that left something behind."""
        for process in list(self._stack.processes.values()):
            process.kill()
        threading.Event().wait(2 * REVIVE_S)
        self.wait_ready(list(self._stack.processes), RENEW_S)

    def close(self) -> None:
        """Revive nobody any more, and let everybody go on: a stopped process cannot end."""
        self._done.set()
        self._watcher.join()
        for name in self._stack.processes:
            self.resume(name)

    def _watch(self) -> None:
        while not self._done.wait(REVIVE_S):
            for name, process in self._stack.processes.items():
                if not process.running and name not in self._held:
                    _bury(process)
                    self._stack.start_again(name)
                    self.revived.append(name)


def _bury(process: Process) -> None:
    """End what a killed process has left in its group: the ingestion service's parser outlives it.

    Told by group and by program: a group's number is free again only when nobody is left in it.
    """
    if process.handle is None:
        return
    for each in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(each.pid) == process.handle.pid and each.exe() == psutil.Process().exe():
                each.kill()


def _number_of(name: str, deployment: str) -> bool:
    """Whether the name is the deployment's with a number: `nlp-2` of `nlp`."""
    return name.startswith(f"{deployment}-") and name.removeprefix(f"{deployment}-").isdigit()


def pid_of(claimed: Path) -> int:
    """The process that claimed a crash order, by the file's name."""
    return int(claimed.name.rpartition(".")[2])


def resume_pid(pid: int) -> None:
    """Let a process that stopped itself go on."""
    os.kill(pid, signal.SIGCONT)
