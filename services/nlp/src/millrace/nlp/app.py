"""Composition root of the language service."""

from millrace.contracts.services import WorkerClass
from millrace.nlp.cache.cells import redis_cells
from millrace.nlp.cache.sealed import SealedCells
from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.settings import NlpSettings
from millrace.nlp.tasks import Ports, register
from millrace.worker.process import WarmUp
from millrace.worker.service import build_service
from millrace.worker.tables import forgo_pandas

forgo_pandas()
service = build_service("nlp", WorkerClass.TASK)
app, stores = service.app, service.stores
settings = NlpSettings()
cells = SealedCells(redis_cells(service.settings.storage.redis_url), stores.artifacts.envelope)
ports = Ports(
    store=stores.artifacts,
    embedder=Encoder.load(settings.model_folder),
    cells=cells,
    cache_s=settings.cache_s,
    sources=settings.sources,
    s3=lambda: stores.clients.client("s3"),
)
register(app, ports)


def _per_process() -> None:
    ports.warm_up()
    stores.warm_up("s3", "kms")


service.prepare(WarmUp(preload=ports.preload, per_process=_per_process))
