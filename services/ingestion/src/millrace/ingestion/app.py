"""Composition root of the ingestion service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from celery import Celery
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from millrace.contracts.services import WorkerClass
from millrace.ingestion import problems
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import CeleryAsker, CeleryStarter, PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.endpoint_routes import Callbacks
from millrace.ingestion.failures import Failures
from millrace.ingestion.health_routes import add_health
from millrace.ingestion.openapi import describe, operation_id
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import queue_pressure
from millrace.ingestion.rates import connect_rates
from millrace.ingestion.redelivery import CeleryProber, Redelivery
from millrace.ingestion.registrar import Registrar
from millrace.ingestion.report_routes import Reports
from millrace.ingestion.routes import router
from millrace.ingestion.settings import Settings
from millrace.ingestion.streams import Streams, end_with_process
from millrace.ingestion.uploads import UploadDesk, UploadPool
from millrace.ingestion.watching import connect_watch
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.connect import Stores, connect_stores
from millrace.storage.endpoints import Endpoints
from millrace.storage.links import ReportLinks
from millrace.telemetry.setup import configure
from millrace.worker import crash
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins


def build(ports: Ports) -> FastAPI:
    """The API over its ports; tests pass in-memory ones."""
    # No redirect for a slash at a path's end: it would name the host that was asked, whoever wrote that.
    api = FastAPI(
        title="Millrace", version="1", docs_url=None, redoc_url=None, redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )  # fmt: skip
    problems.install(api)
    # Not included, which would put them behind one route of its own kind: who walks the routes is to see each of them.
    api.router.routes.extend(router(ports).routes)
    add_health(api, ports.acceptance.flows)
    # https://fastapi.tiangolo.com/how-to/extending-openapi/#overwrite-openapi
    api.openapi = cache(lambda: describe(api))  # type: ignore[method-assign]
    return api


def _keys(settings: Settings, stores: Stores) -> KeyRing:
    return KeyRing(
        accounts=Accounts(items=stores.items), maker=KeyMaker(settings.keys.peppers),
        rates=connect_rates(settings.storage.redis_url), failures=Failures(settings.ingestion.failed_keys_per_minute),
    )  # fmt: skip


def _callbacks(settings: Settings, stores: Stores, celery: Celery) -> Callbacks:
    accounts = Accounts(items=stores.items)
    endpoints = Endpoints(items=stores.items, envelope=stores.artifacts.envelope)
    registrar = Registrar(
        endpoints=endpoints, allowed=settings.ingestion.allowed_hosts,
        limit=lambda tenant: accounts.tenant(tenant).quota.endpoints,
    )  # fmt: skip
    redelivery = Redelivery(runs=stores.runs, endpoints=endpoints, prober=CeleryProber(celery))
    return Callbacks(registrar=registrar, redelivery=redelivery)


def create() -> FastAPI:
    """The API with its real stores, broker and parser."""
    settings = Settings()
    configure("ingestion", settings.telemetry)
    crash.arm(settings.worker.crash_dir, "ingestion")
    stores = connect_stores(settings.storage)
    celery = create_app("ingestion", settings.worker, WorkerClass.HTTP, RedisJoins(stores.redis))
    callbacks = _callbacks(settings, stores, celery)
    acceptance = Acceptance(
        runs=stores.runs, flow_store=stores.flows, artifacts=stores.artifacts, starter=CeleryStarter(celery),
        allowed_hosts=settings.ingestion.allowed_hosts, register=callbacks.registrar.ensure,
    )  # fmt: skip
    pressure = queue_pressure(celery, settings.storage.redis_url)
    admission = Admission(flows=acceptance.flows, pressure=pressure)
    control = Control(runs=stores.runs, flows=acceptance.flows, asker=CeleryAsker(celery))
    reader, pages = ParserPool(settings.ingestion.parser_processes), PagePool()
    reports = Reports(
        runs=stores.runs, artifacts=stores.artifacts, links=ReportLinks(settings.links.secrets), painter=pages
    )
    uploads = UploadPool(most=settings.ingestion.max_upload_mib << 20)
    watch = connect_watch(settings.storage.redis_url)
    streams = Streams(
        runs=stores.runs, watch=watch, most=settings.ingestion.max_streams,
        most_of_tenant=max(1, settings.ingestion.max_streams // 10),
    )  # fmt: skip
    api = build(
        Ports(
            uploads=UploadDesk(uploads=stores.uploads, reader=uploads, max_bytes=uploads.most), streams=streams,
            keys=_keys(settings, stores), runs=stores.runs, reports=reports,
            acceptance=acceptance, admission=admission, control=control, reader=reader,
            max_body_bytes=settings.ingestion.max_body_mib << 20, callbacks=callbacks,
        )
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        end_with_process(streams.end)
        await run_in_threadpool(reader.start)
        await run_in_threadpool(stores.warm_up, "dynamodb", "s3", "kms")
        await run_in_threadpool(pressure.waits)
        yield
        await watch.close()
        uploads.stop()
        reader.stop()
        pages.stop()

    api.router.lifespan_context = lifespan
    return api
