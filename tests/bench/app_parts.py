"""A task worker that offers the no-op part."""

from tests.bench.noop import TASK, do_nothing

from millrace.contracts.services import WorkerClass
from millrace.worker.register import register_part
from millrace.worker.service import build_service

service = build_service("bench_parts", WorkerClass.TASK)
app = service.app
register_part(app, TASK, do_nothing, service.stores.artifacts)
service.prepare()
