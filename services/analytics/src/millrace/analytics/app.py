"""Composition root of the analytics service."""

from millrace.analytics.tasks import Ports, register
from millrace.analytics.warm_up import warm_up
from millrace.contracts.services import WorkerClass
from millrace.worker.process import WarmUp
from millrace.worker.service import build_service

service = build_service("analytics", WorkerClass.TASK)
app, stores = service.app, service.stores
register(app, Ports(store=stores.artifacts))
service.prepare(WarmUp(preload=warm_up, per_process=lambda: stores.warm_up("s3", "kms")))
