"""The callback service's tasks."""

from dataclasses import dataclass

from celery import Celery

from millrace.callback.delivery import Delivery
from millrace.contracts.catalogue import DELIVER, PROBE
from millrace.worker.register import register_control


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need."""

    delivery: Delivery


def register(app: Celery, ports: Ports) -> None:
    """Offer `callback.deliver` and `callback.probe`."""
    register_control(app, DELIVER, ports.delivery.deliver)
    register_control(app, PROBE, ports.delivery.probe)
