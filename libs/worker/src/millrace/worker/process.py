"""What happens in a worker's parent before the fork, and in each child after it."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from multiprocessing import get_context
from typing import Any

from celery import Celery, signals

from millrace.contracts.services import WorkerClass
from millrace.telemetry.logs import get_logger
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.setup import close, configure
from millrace.worker import crash, task_events, tracing
from millrace.worker.health import health_of
from millrace.worker.lease import lease_step
from millrace.worker.lost import notice_lost_children
from millrace.worker.metrics import begin_lost, measure_tasks, share_metrics
from millrace.worker.pool import notice_killed_children
from millrace.worker.settings import WorkerSettings

log = get_logger(__name__)


def _nothing() -> None:
    """No warm-up is needed."""


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """`preload` fills memory that children share by copy-on-write; `per_process` makes what cannot be forked."""

    preload: Callable[[], None] = _nothing
    per_process: Callable[[], None] = _nothing


def prepare(
    app: Celery, service: str, settings: WorkerSettings, worker_class: WorkerClass, warm_up: WarmUp | None = None
) -> None:
    """Connect telemetry, warm-up and health to the app's worker. Readiness waits for every child's warm-up."""
    steps = warm_up or WarmUp()
    crash.arm(settings.crash_dir, service)
    tracing.connect_first(settings.broker_url)
    forks = worker_class is WorkerClass.TASK
    # Shared memory that the children inherit: counts those that are warm.
    warm = get_context("fork").Value("i", 0)
    signals.setup_logging.connect(_own_the_logs, weak=False)

    @_or_exit
    def before_fork(**_: Any) -> None:
        configure(service, TelemetrySettings(), forks=forks)
        tracing.connect_last()
        if settings.unsigned_messages == "accept":
            log.warning("unsigned_messages_accepted", extra={"action": "unsigned_messages_accepted"})
        if forks:
            notice_killed_children()
            share_metrics(settings.concurrency)
        steps.preload()
        # What is loaded by now stays: moved out of the collector's sight, its pages are shared with the children.
        gc.freeze()
        gc.enable()
        if not forks:
            steps.per_process()
            tracing.ready()

    def after_fork(**_: Any) -> None:
        configure(service, TelemetrySettings())
        steps.per_process()
        tracing.ready()
        with warm.get_lock():
            warm.value += 1
        log.info("child_ready", extra={"action": "child_ready"})

    def before_exit(**_: Any) -> None:
        # A child runs no exit handlers.
        close(TelemetrySettings())

    signals.worker_init.connect(before_fork, weak=False)
    if forks:
        signals.worker_process_init.connect(after_fork, weak=False)
        signals.worker_process_shutdown.connect(before_exit, weak=False)
        notice_lost_children(app)
        signals.worker_ready.connect(begin_lost, weak=False)
    task_events.connect(forks)
    measure_tasks(service)
    lease = lease_step(settings.broker_url, settings.visibility_s)
    if lease is not None:
        app.steps["consumer"].add(lease)
    if settings.health_file:
        children = settings.concurrency if forks else 0
        app.steps["consumer"].add(health_of(settings, lambda: warm.value >= children))


def _or_exit(prepare: Callable[..., None]) -> Callable[..., None]:
    """Celery logs what a signal's handler raises and goes on: a worker that is half prepared must not take messages."""

    @wraps(prepare)
    def strictly(**arguments: Any) -> None:
        try:
            prepare(**arguments)
        except Exception as error:
            log.exception("start_failed", extra={"action": "start_failed", "error": type(error).__name__})
            raise SystemExit(1) from error

    return strictly


def _own_the_logs(**_: Any) -> None:
    """Tell Celery that logging is configured already (by `configure`)."""
