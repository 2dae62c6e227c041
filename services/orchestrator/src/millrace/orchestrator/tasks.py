"""The orchestrator's tasks: decode, call, nothing else."""

from dataclasses import dataclass

from celery import Celery

from millrace.contracts.catalogue import ADVANCE, FAN_OUT
from millrace.orchestrator.distributor import Distributor
from millrace.orchestrator.engine import Engine
from millrace.worker.register import register_control


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need."""

    engine: Engine
    distributor: Distributor


def register(app: Celery, ports: Ports) -> None:
    """Offer `orchestration.advance` and `distribution.fan_out`."""
    register_control(app, ADVANCE, ports.engine.advance)
    register_control(app, FAN_OUT, ports.distributor.fan_out)
