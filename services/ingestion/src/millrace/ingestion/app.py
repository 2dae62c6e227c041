"""Composition root of the ingestion service."""

from dataclasses import dataclass
from functools import cache, partial

from celery import Celery
from fastapi import FastAPI

from millrace.contracts.services import WorkerClass
from millrace.ingestion import problems
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import CeleryAsker, CeleryStarter, PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.endpoint_routes import Callbacks
from millrace.ingestion.failures import Failures
from millrace.ingestion.first_keys import make_first_keys
from millrace.ingestion.health_routes import add_health
from millrace.ingestion.lifespan import lifespan
from millrace.ingestion.measured import Measured
from millrace.ingestion.openapi import describe, operation_id
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import Pressure, queue_pressure
from millrace.ingestion.rates import connect_rates
from millrace.ingestion.redelivery import CeleryProber, Redelivery
from millrace.ingestion.registrar import Registrar
from millrace.ingestion.report_routes import Reports
from millrace.ingestion.routes import router
from millrace.ingestion.settings import Settings
from millrace.ingestion.streams import Streams
from millrace.ingestion.tracing import TELEMETRY
from millrace.ingestion.uploads import UploadDesk, UploadPool
from millrace.ingestion.watching import Watch, connect_watch
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.connect import Stores, connect_stores
from millrace.storage.endpoints import Endpoints
from millrace.storage.links import ReportLinks
from millrace.telemetry.setup import close, configure
from millrace.telemetry.voice import Voice
from millrace.worker import crash
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins


def build(ports: Ports) -> FastAPI:
    """The API over its ports; tests pass in-memory ones."""
    # No redirect for a slash at a path's end: it would name the host that was asked, whoever wrote that.
    api = FastAPI(
        title="Millrace", version="1", docs_url=None, redoc_url=None, redirect_slashes=False,
        generate_unique_id_function=operation_id, telemetry=TELEMETRY,
    )  # fmt: skip
    problems.install(api)
    api.add_middleware(Measured)
    # Not included, which would put them behind one route of its own kind: who walks the routes is to see each of them.
    api.router.routes.extend(router(ports).routes)
    add_health(api, ports.acceptance.flows)
    # https://fastapi.tiangolo.com/how-to/extending-openapi/#overwrite-openapi
    api.openapi = cache(lambda: describe(api))  # type: ignore[method-assign]
    return api


@dataclass(frozen=True, kw_only=True)
class _Pools:
    """The processes that read what callers send, and make pages."""

    parser: ParserPool
    uploads: UploadPool
    pages: PagePool


def _pools(settings: Settings) -> _Pools:
    given = settings.ingestion
    return _Pools(
        parser=ParserPool(given.parser_processes), uploads=UploadPool(most=given.max_upload_mib << 20), pages=PagePool()
    )


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


def _acceptance(settings: Settings, stores: Stores, celery: Celery, callbacks: Callbacks) -> Acceptance:
    return Acceptance(
        runs=stores.runs, flow_store=stores.flows, artifacts=stores.artifacts, starter=CeleryStarter(celery),
        allowed_hosts=settings.ingestion.allowed_hosts, register=callbacks.registrar.ensure,
    )  # fmt: skip


def _streams(settings: Settings, stores: Stores, watch: Watch) -> Streams:
    most = settings.ingestion.max_streams
    return Streams(runs=stores.runs, watch=watch, most=most, most_of_tenant=max(1, most // 10))


def _ports(
    settings: Settings, stores: Stores, celery: Celery, pressure: Pressure, streams: Streams, pools: _Pools
) -> Ports:
    callbacks = _callbacks(settings, stores, celery)
    acceptance = _acceptance(settings, stores, celery, callbacks)
    links = ReportLinks(settings.links.secrets)
    return Ports(
        keys=_keys(settings, stores), runs=stores.runs, acceptance=acceptance, reader=pools.parser, streams=streams,
        admission=Admission(flows=acceptance.flows, pressure=pressure), callbacks=callbacks,
        control=Control(runs=stores.runs, flows=acceptance.flows, asker=CeleryAsker(celery)),
        reports=Reports(runs=stores.runs, artifacts=stores.artifacts, links=links, painter=pools.pages),
        uploads=UploadDesk(uploads=stores.uploads, reader=pools.uploads, max_bytes=pools.uploads.most),
        max_body_bytes=settings.ingestion.max_body_mib << 20, datadog_url=settings.telemetry.datadog_url,
    )  # fmt: skip


def create() -> FastAPI:
    """The API with its real stores, broker and parser."""
    settings = Settings()
    configure("ingestion", settings.telemetry)
    crash.arm(settings.worker.crash_dir, "ingestion")
    stores = connect_stores(settings.storage)
    celery = create_app("ingestion", settings.worker, WorkerClass.HTTP, RedisJoins(stores.redis))
    pressure = queue_pressure(celery, settings.storage.redis_url)
    watch = connect_watch(settings.storage.redis_url)
    streams = _streams(settings, stores, watch)
    pools, voice = _pools(settings), Voice("ingestion", settings.telemetry)
    api = build(_ports(settings, stores, celery, pressure, streams, pools))
    stores_warm = partial(stores.warm_up, "dynamodb", "s3", "kms")
    first_keys = partial(make_first_keys, Accounts(items=stores.items), stores.keys)
    # uvicorn ends by the signal that it was sent, without exit handlers.
    telemetry_closed = partial(close, settings.telemetry)
    api.router.lifespan_context = lifespan(
        warm_ups=(pools.parser.start, stores_warm, first_keys, pressure.waits, voice.start),
        end=streams.end, close=watch.close,
        stops=(pools.uploads.stop, pools.parser.stop, pools.pages.stop, voice.stop, telemetry_closed),
    )  # fmt: skip
    return api
