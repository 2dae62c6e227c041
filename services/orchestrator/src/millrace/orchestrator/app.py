"""Composition root of the orchestrator."""

from millrace.contracts.services import WorkerClass
from millrace.orchestrator import janitor, measuring, sweep
from millrace.orchestrator.adapters import CeleryMessenger, GreenletTimer, Joins
from millrace.orchestrator.attempts import Attempts
from millrace.orchestrator.chores import add_chore
from millrace.orchestrator.distributor import Distributor
from millrace.orchestrator.engine import Engine
from millrace.orchestrator.flows import load
from millrace.orchestrator.keeping import Keeping
from millrace.orchestrator.lease import RedisLease
from millrace.orchestrator.tasks import Ports, register
from millrace.worker.load.oldest import heads_of
from millrace.worker.load.queues import Look
from millrace.worker.load.store import connect_load
from millrace.worker.load.waits import BrokerDepths
from millrace.worker.process import WarmUp
from millrace.worker.service import build_service

service = build_service("orchestrator", WorkerClass.ORCHESTRATION)
app, stores, flows = service.app, service.stores, load()
messenger = CeleryMessenger(app)
engine = Engine(
    store=stores.runs, joins=Joins(service.joins, app.signer), messenger=messenger, flows=flows,
    keeping=Keeping(store=stores.runs, artifacts=stores.artifacts),
)  # fmt: skip
distributor = Distributor(app=app, store=stores.runs, flows=flows, messenger=messenger, timer=GreenletTimer())
register(app, Ports(attempts=Attempts(engine=engine), distributor=distributor))
turn = RedisLease(client=stores.redis, key="sweep", milliseconds=sweep.LEASE_MS)
add_chore(app, "sweep", sweep.INTERVAL_S, sweep.Sweep(engine=engine, store=stores.runs, lease=turn).once)
rare = RedisLease(client=stores.redis, key="janitor", milliseconds=janitor.LEASE_S * 1000)
cleaner = janitor.Janitor(store=stores.runs, artifacts=stores.artifacts, lease=rare, clear_uploads=stores.uploads.clear)
add_chore(app, "janitor", janitor.INTERVAL_S, cleaner.once)
look = Look(depths=BrokerDepths(app), store=connect_load(service.settings.storage.redis_url), heads=heads_of(app))
watch = measuring.KeptLease(client=stores.redis, key="queues", milliseconds=measuring.LEASE_MS)
add_chore(app, "queues", measuring.INTERVAL_S, measuring.Queues(look=look, lease=watch).once)


def _tell_flows() -> None:
    """The ingestion service accepts the flows that this release runs, and they are counted from nothing."""
    stores.flows.publish(tuple(flows.values()))
    measuring.begin_counting(flow.name for flow in flows.values())


service.prepare(WarmUp(preload=_tell_flows, per_process=lambda: stores.warm_up("dynamodb")))
