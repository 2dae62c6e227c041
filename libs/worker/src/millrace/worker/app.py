"""The Celery app factory."""

from typing import Any

from celery import signals

from millrace.contracts.services import WorkerClass
from millrace.worker.config import celery_settings
from millrace.worker.connection import AMQP, use_our_transports
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.store import JoinStore
from millrace.worker.settings import WorkerSettings
from millrace.worker.signing import Signer


def create_app(service: str, settings: WorkerSettings, worker_class: WorkerClass, joins: JoinStore) -> BatchingCelery:
    """A Celery app of this service: routed by the contracts, joined by our own backend, without any task yet."""
    use_our_transports()
    app = BatchingCelery(service, amqp=AMQP, set_as_current=False)
    app.signer = Signer(secrets=settings.message_secrets, accept_unsigned=settings.unsigned_messages == "accept")
    app.conf.update(celery_settings(settings, worker_class))
    app.conf[CONF_KEY] = joins
    signals.task_revoked.connect(_forget_expired, weak=False, dispatch_uid="forget-expired")
    return app


def _forget_expired(request: Any, expired: bool, **_: Any) -> None:
    """Celery refuses an id for good once a message of that id has expired; a part may be published again."""
    # Imported here: only workers hear of this, and it is costly for those that are none.
    from celery.worker import state

    if expired:
        state.revoked.discard(request.id)
