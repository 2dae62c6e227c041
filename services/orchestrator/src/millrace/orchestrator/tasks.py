"""The orchestrator's tasks: decode, call, nothing else."""

from dataclasses import dataclass

from celery import Celery

from millrace.contracts.catalogue import ADVANCE, CANCEL, FAN_OUT, REDRIVE
from millrace.orchestrator.attempts import Attempts
from millrace.orchestrator.distributor import Distributor
from millrace.worker.register import register_control


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need."""

    attempts: Attempts
    distributor: Distributor


def register(app: Celery, ports: Ports) -> None:
    """Offer `orchestration.*` and `distribution.fan_out`."""
    register_control(app, ADVANCE, ports.attempts.advance)
    register_control(app, CANCEL, ports.attempts.cancel)
    register_control(app, REDRIVE, ports.attempts.redrive)
    register_control(app, FAN_OUT, ports.distributor.fan_out)
