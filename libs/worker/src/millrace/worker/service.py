"""A service's Celery side in three lines: settings, stores and app, then the worker's preparation."""

from dataclasses import dataclass, field

from millrace.contracts.services import WorkerClass
from millrace.storage.connect import Stores, connect_stores
from millrace.storage.settings import StorageSettings
from millrace.worker.app import create_app
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.join.store import JoinStore
from millrace.worker.load.report import report
from millrace.worker.load.store import connect_load
from millrace.worker.process import WarmUp, prepare
from millrace.worker.settings import WorkerSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every service reads from the environment; built once, in `app.py`."""

    worker: WorkerSettings = field(default_factory=lambda: WorkerSettings())  # type: ignore[call-arg]
    storage: StorageSettings = field(default_factory=StorageSettings)


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts that a composition root puts together."""

    name: str
    worker_class: WorkerClass
    settings: Settings
    stores: Stores
    joins: JoinStore
    app: BatchingCelery

    def prepare(self, warm_up: WarmUp | None = None) -> None:
        """Connect telemetry, warm-up, health and load to the worker."""
        prepare(self.app, self.name, self.settings.worker, self.worker_class, warm_up)
        report(self.app, connect_load(self.settings.storage.redis_url))


def build_service(name: str, worker_class: WorkerClass) -> Service:
    """Read the settings and build what they name. Nothing connects until it is used."""
    settings = Settings()
    stores = connect_stores(settings.storage)
    joins = RedisJoins(stores.redis)
    app = create_app(name, settings.worker, worker_class, joins)
    return Service(name=name, worker_class=worker_class, settings=settings, stores=stores, joins=joins, app=app)
