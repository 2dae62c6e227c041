"""Composition root of the ingestion service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from millrace.contracts.services import WorkerClass
from millrace.ingestion import problems
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import CeleryAsker, CeleryStarter, PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import queue_pressure
from millrace.ingestion.report_routes import Reports
from millrace.ingestion.routes import router
from millrace.ingestion.settings import Settings
from millrace.storage.connect import connect_stores
from millrace.storage.links import ReportLinks
from millrace.telemetry.setup import configure
from millrace.worker import crash
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins


def build(ports: Ports) -> FastAPI:
    """The API over its ports; tests pass in-memory ones."""
    api = FastAPI(title="Millrace", version="1", docs_url=None, redoc_url=None)
    problems.install(api)
    api.include_router(router(ports))

    @api.get("/healthz")
    def alive() -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    @api.get("/readyz")
    def ready(request: Request) -> Response:
        """Batches can be accepted: the stores answer and a flow is known."""
        if ports.acceptance.flows():
            return JSONResponse({"status": "ready"})
        return problems.problem(request, 503, "not-ready", "no flow is published yet")

    return api


def create() -> FastAPI:
    """The API with its real stores, broker and parser."""
    settings = Settings()
    configure("ingestion", settings.telemetry)
    crash.arm(settings.worker.crash_dir, "ingestion")
    stores = connect_stores(settings.storage)
    celery = create_app("ingestion", settings.worker, WorkerClass.HTTP, RedisJoins(stores.redis))
    acceptance = Acceptance(
        runs=stores.runs, flow_store=stores.flows, artifacts=stores.artifacts, starter=CeleryStarter(celery),
        allowed_hosts=settings.ingestion.allowed_hosts,
    )  # fmt: skip
    pressure = queue_pressure(celery, settings.storage.redis_url)
    admission = Admission(runs=stores.runs, flows=acceptance.flows, pressure=pressure)
    control = Control(runs=stores.runs, flows=acceptance.flows, asker=CeleryAsker(celery))
    reader, pages = ParserPool(settings.ingestion.parser_processes), PagePool()
    reports = Reports(
        runs=stores.runs, artifacts=stores.artifacts, links=ReportLinks(settings.links.secrets), painter=pages
    )
    api = build(
        Ports(
            keys=KeyRing(settings.ingestion.tenants_by_key), runs=stores.runs, reports=reports,
            acceptance=acceptance, admission=admission, control=control, reader=reader,
            max_body_bytes=settings.ingestion.max_body_mib << 20,
        )
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(reader.start)
        await run_in_threadpool(stores.warm_up, "dynamodb", "s3", "kms")
        await run_in_threadpool(pressure.waits)
        yield
        reader.stop()
        pages.stop()

    api.router.lifespan_context = lifespan
    return api
