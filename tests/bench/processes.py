"""Worker processes of the benchmark and what processes use: CPU seconds and memory."""

import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from millrace.local.process import Process
from millrace.worker.classes import arguments, deployment
from millrace.worker.settings import CHILD_ENVIRONMENT

ROOT = Path(__file__).parents[2]
CHILDREN = 2
TASKS_PER_CHILD = 1_000_000
"""No child is replaced while it is measured: at no-op speed the usual 500 tasks last a second."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker: the command line of a production deployment, with another app and queue."""

    deployment: str
    app: str
    queue: str = ""
    level: str = "INFO"

    def command(self) -> list[str]:
        """As `python -m millrace.worker` would run it."""
        command = [sys.executable, *arguments(deployment(self.deployment), CHILDREN)]
        changes = {"millrace.worker.launch": f"tests.bench.{self.app}", "-l": self.level} | (
            {"-Q": self.queue} if self.queue else {}
        )
        for option, value in changes.items():
            command[command.index(option) + 1] = value
        return command


@contextmanager
def running(
    logs: str, workers: Mapping[str, Worker], environment: Mapping[str, str], folder: Path
) -> Iterator[dict[str, Process]]:
    """These workers, for as long as the block lasts. `logs` begins the names of their log files."""
    started: dict[str, Process] = {}
    try:
        for name, worker in workers.items():
            started[name] = _start(f"{logs}-{name}", worker, environment, folder)
        yield started
    finally:
        _stop(started.values())


def _start(name: str, worker: Worker, environment: Mapping[str, str], folder: Path) -> Process:
    """Start a worker from the repository's root. It writes its log itself: no thread of ours carries the lines."""
    settings = {"MILLRACE_CONCURRENCY": str(CHILDREN), "MILLRACE_MAX_TASKS_PER_CHILD": str(TASKS_PER_CHILD)}
    process = Process(
        name=name, command=worker.command(), environment=dict(environment) | settings | CHILD_ENVIRONMENT,
        log=folder / f"{name}.log",
    )  # fmt: skip
    with process.log.open("ab") as log:
        process.handle = subprocess.Popen(
            process.command, env=dict(process.environment), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT,
            start_new_session=True,
        )  # fmt: skip
    return process


def _stop(processes: Iterable[Process]) -> None:
    """Stop these processes, all at once."""
    stoppers = [threading.Thread(target=process.stop) for process in processes]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()


def tree(process: Process) -> list[psutil.Process]:
    """The process and its living children."""
    if process.handle is None or not process.running:
        return []
    parent = psutil.Process(process.handle.pid)
    return [parent, *parent.children(recursive=True)]


def cpu_seconds(process: Process) -> float:
    """User and system time of the process and its children so far; of ended children where the system keeps it."""
    total = 0.0
    for each in tree(process):
        times = each.cpu_times()
        total += times.user + times.system
        total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def machine_cpu_seconds() -> float:
    """CPU seconds that all processes of the machine have used so far."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def memory(process: Process) -> dict[str, float]:
    """MiB of the process and its children: `rss`, and `pss` where Linux tells it (shared pages divided by sharers)."""
    used = {"processes": 0.0, "rss": 0.0}
    for each in tree(process):
        used["processes"] += 1
        used["rss"] += each.memory_info().rss / 2**20
        rollup = Path(f"/proc/{each.pid}/smaps_rollup")
        if rollup.exists():
            used["pss"] = used.get("pss", 0.0) + _pss_kib(rollup.read_text()) / 1024
    return used


def _pss_kib(rollup: str) -> int:
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
