"""Composition root of the customers service."""

from millrace.contracts.services import WorkerClass
from millrace.dataset_customers.tasks import register, warm_up
from millrace.worker.process import WarmUp
from millrace.worker.service import build_service

service = build_service("dataset_customers", WorkerClass.TASK)
app, stores = service.app, service.stores
register(app, stores.artifacts)
service.prepare(WarmUp(preload=warm_up, per_process=lambda: stores.warm_up("s3", "kms")))
