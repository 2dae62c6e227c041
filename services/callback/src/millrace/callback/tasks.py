"""The callback service's task."""

from dataclasses import dataclass

from celery import Celery

from millrace.callback.delivery import Delivery
from millrace.contracts.catalogue import DELIVER
from millrace.worker.register import register_control


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the task needs."""

    delivery: Delivery


def register(app: Celery, ports: Ports) -> None:
    """Offer `callback.deliver`."""
    register_control(app, DELIVER, ports.delivery.deliver)
