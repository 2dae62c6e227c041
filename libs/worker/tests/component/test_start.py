"""What happens before a worker takes messages: all of it or nothing, and without pandas where that is not needed."""

import subprocess
import sys

from millrace.local.settings import inherited_whole

PATIENCE_S = 60
"""Bounds a hang."""

_WITHOUT_PANDAS = """
from millrace.worker.tables import forgo_pandas, warm_up
forgo_pandas()
warm_up()
import pyarrow as pa
print(pa.table({"a": [1, 2]}).column("a").to_pylist())
try:
    import pandas
except ImportError as error:
    print(type(error).__name__)
"""

_BROKEN = """
from celery import Celery, signals
from millrace.contracts.services import WorkerClass
from millrace.worker.process import WarmUp, prepare
from millrace.worker.settings import WorkerSettings

def broken():
    raise ValueError("no model")

settings = WorkerSettings(message_secret="x" * 32)
prepare(Celery("broken"), "broken", settings, WorkerClass.TASK, WarmUp(preload=broken))
signals.worker_init.send(None)
print("went on")
"""


def python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)


def test_arrow_works_in_a_service_that_does_without_pandas() -> None:
    # when
    ran = python(_WITHOUT_PANDAS)
    # then
    assert ran.stdout.splitlines() == ["[1, 2]", "ModuleNotFoundError"], ran.stderr


def test_no_worker_starts_without_a_secret_for_its_messages() -> None:
    # given
    environment = {name: value for name, value in inherited_whole().items() if not name.startswith("MILLRACE_")}
    # when
    ran = subprocess.run(
        [sys.executable, "-m", "millrace.worker", "analytics"], env=environment, capture_output=True, text=True,
        timeout=PATIENCE_S,
    )  # fmt: skip
    # then
    assert ran.returncode == 1
    assert "message_secret" in ran.stderr


def test_a_worker_that_takes_unsigned_messages_says_so() -> None:
    # when
    ran = python(_BROKEN.replace('message_secret="x" * 32', 'message_secret="x" * 32, unsigned_messages="accept"'))
    # then
    assert "unsigned_messages_accepted" in ran.stdout + ran.stderr


def test_a_worker_that_cannot_be_prepared_does_not_start() -> None:
    # when
    ran = python(_BROKEN)
    # then
    assert (ran.returncode, "went on" in ran.stdout) == (1, False)
    assert "start_failed" in ran.stdout + ran.stderr
