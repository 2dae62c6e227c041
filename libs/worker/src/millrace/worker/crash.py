"""Named crash points at every step boundary: `point("record_written")` does nothing, unless a test armed the process.

Armed by a folder (`MILLRACE_CRASH_DIR`), a point looks there for a file of its name, `<point>` or
`<point>@<service>`, and does what the file says. Exactly one process claims a file: it renames it to
`<file>.claimed.<process id>`, so a test sees which process was hit and when. What a file may say:

    kill            SIGKILL to this process
    kill-worker     SIGKILL to this process and, in a pool's child, to its parent and with it to its siblings
    stop            SIGSTOP to this process; whoever wrote the file continues it
    sleep SECONDS   wait, which blocks a prefork child and one greenlet of a gevent worker
    raise           fail as a bug would, with an error that nobody expects
    raise retryable fail in a way that may pass by itself

After `each ` any of them holds for every visit, and the file stays. The first visit of a point in a process is written
down in `visited.<process id>`, so that a suite can prove that it saw every point in `POINTS`.
Idea: Temporal's `testhooks`; the boundaries are those of `docs/flow.md`.
"""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from celery import signals

POINTS = {
    "batch_stored": "ingestion: the batch is in the store, the run is not",
    "run_created": "ingestion: the run is accepted, its first message is not out",
    "start_published": "ingestion: the first message is out, the producer has no answer",
    "advance_read": "orchestration: the record was read, nothing is decided",
    "record_written": "orchestration: the decision is written, nothing follows from it yet",
    "next_published": "orchestration: what follows is published, the old join is still open",
    "join_closed": "orchestration: all is done, the message is not acknowledged",
    "taken_over": "orchestration: the sweep has found a run that is due",
    "fan_out_begun": "distribution: the stage is planned, no part is out",
    "chord_opened": "distribution: the join is open, no part is out",
    "part_published": "distribution: between two parts",
    "fan_out_done": "distribution: all parts are out, the message is not acknowledged",
    "part_begun": "part: nothing is computed",
    "artifact_written": "part: one artifact is in the store",
    "part_computed": "part: all artifacts are written, the outcome is not reported",
    "outcome_recorded": "join: the outcome is recorded, the body is not published",
    "body_published": "join: the body is published, the part is not acknowledged",
    "delivery_begun": "callback: the record was read, nothing is sent",
    "callback_posted": "callback: the consumer has answered, nobody knows",
    "delivery_written": "callback: the delivery is written, the message is not acknowledged",
}
"""Every point and what is true there."""


class Planted(Exception):
    """An order to fail. It is no `WorkerError`: nothing in the product may know of it but by `retryable`."""

    def __init__(self, retryable: bool) -> None:
        super().__init__("a test asked for it")
        self.retryable = retryable


_EACH = "each "
_CONTROL = ("orchestration.", "distribution.", "callback.")
"""Beginnings of the names of tasks that are no parts."""

_armed: dict[str, Path | str | int] = {}
_visited: dict[int, set[str]] = {}


def arm(folder: str, service: str) -> None:
    """Have this process and its future children heed the files in the folder; an empty name arms nothing."""
    if folder:
        _armed.update(folder=Path(folder), service=service, worker=os.getpid())
        # Parts are published by Celery's own loop over a chord's header.
        signals.after_task_publish.connect(_published, weak=False)


def point(name: str) -> None:
    """A boundary that a crash may fall on; KeyError when armed and the name is not in `POINTS`."""
    folder = _armed.get("folder")
    if isinstance(folder, Path):
        _visit(folder, name)


def _published(sender: str = "", **_: Any) -> None:
    if not sender.startswith(_CONTROL):
        point("part_published")


def _visit(folder: Path, name: str) -> None:
    known = _visited.setdefault(os.getpid(), set())
    if name not in known:
        known.add(name)
        line = f"{name}: {POINTS[name]}\n"
        # A full disk is one of the faults that a suite makes.
        with contextlib.suppress(OSError), (folder / f"visited.{os.getpid()}").open("a") as log:
            log.write(line)
    for file in (folder / name, folder / f"{name}@{_armed['service']}"):
        order = _claim(file)
        if order:
            _obey(order)


def _claim(file: Path) -> str:
    """What the file says, if this process may do it; empty when there is no file or another process has it."""
    try:
        order = file.read_text().strip()
        if order.startswith(_EACH):
            return order.removeprefix(_EACH)
        file.rename(file.with_name(f"{file.name}.claimed.{os.getpid()}"))
    except FileNotFoundError:
        return ""
    return order


def _obey(order: str) -> None:
    what, _, argument = order.partition(" ")
    if what == "kill-worker" and os.getppid() == _armed["worker"]:
        # A pool's children are ended by the system when their parent dies (PR_SET_PDEATHSIG in billiard).
        os.kill(os.getppid(), signal.SIGKILL)
    if what in ("kill", "kill-worker"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif what == "sleep":
        time.sleep(float(argument))
    elif what == "raise":
        raise Planted(argument == "retryable")
