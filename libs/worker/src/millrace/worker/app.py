"""The Celery app factory."""

from celery import Celery

from millrace.contracts.services import WorkerClass
from millrace.worker.config import celery_settings
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.store import JoinStore
from millrace.worker.settings import WorkerSettings


def create_app(service: str, settings: WorkerSettings, worker_class: WorkerClass, joins: JoinStore) -> Celery:
    """A Celery app of this service: routed by the contracts, joined by our own backend, without any task yet."""
    app = Celery(service, set_as_current=False)
    app.conf.update(celery_settings(settings, worker_class))
    app.conf[CONF_KEY] = joins
    return app
