"""Accept a batch: one object put, one conditional write, one message. In that order, so nothing is half-accepted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from millrace.contracts.addresses import check
from millrace.contracts.api import Accepted
from millrace.contracts.artifacts import NDJSON
from millrace.contracts.base import now
from millrace.contracts.errors import AddressRefused
from millrace.contracts.flow import Flow
from millrace.contracts.ids import endpoint_id, event_id, new_run_id
from millrace.contracts.run import CallbackRecord, RunRecord
from millrace.ingestion import tracing
from millrace.ingestion.adapters import Starter
from millrace.ingestion.body import Options, ReadBody
from millrace.ingestion.errors import BadCallbackUrl, BadRequest, InProgress, KeyReused, UnknownFlow
from millrace.ingestion.flows import Flows
from millrace.ingestion.idempotency import Once
from millrace.storage.artifacts import ArtifactStore, batch_key
from millrace.storage.errors import Conflict, Repeated, StorageError
from millrace.storage.ports import FlowStore, Idempotency, RunStore
from millrace.telemetry.logs import get_logger
from millrace.telemetry.metrics import count
from millrace.worker.crash import point

log = get_logger(__name__)

START_GRACE = timedelta(seconds=2)
"""How long the first message may take before the sweep starts the run itself."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A readable batch of a known tenant."""

    tenant: str
    batch: ReadBody
    once: Once
    traceparent: str | None = None
    received_at: datetime | None = None
    """When it came in, before its body was read."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an accepted request is answered, with status 202."""

    body: str
    """An `Accepted` as JSON: the same characters every time."""
    location: str
    replayed: bool = False


@dataclass(kw_only=True)
class Acceptance:
    """Turns a readable batch into an accepted run."""

    runs: RunStore
    flow_store: FlowStore
    artifacts: ArtifactStore
    starter: Starter
    allowed_hosts: frozenset[str]
    register: Callable[[str, str], None] = lambda tenant, url: None
    """Makes a tenant's callback URL an endpoint, unless it is one (`registrar.Registrar.ensure`)."""
    clock: Callable[[], datetime] = now
    flows: Flows = field(init=False)

    def __post_init__(self) -> None:
        self.flows = Flows(self.flow_store)

    def check(self, options: Options) -> Flow:
        """The flow that is asked for; UnknownFlow, BadCallbackUrl or BadRequest when the options cannot be followed."""
        flow = self.flows().get(options.flow)
        if flow is None:
            known = ", ".join(sorted(self.flows()))
            raise UnknownFlow(f"there is no flow of that name; there are: {known}")
        if options.callback_url is not None:
            self._check_callback(options.callback_url)
        if options.deadline_s is not None and not 1 <= options.deadline_s <= 300:
            raise BadRequest("deadline_s must lie between 1 and 300 seconds")
        return flow

    def _check_callback(self, url: str) -> None:
        try:
            check(url, self.allowed_hosts)
        except AddressRefused as error:
            raise BadCallbackUrl(f"callback_url: {error}") from error

    def answered(self, tenant: str, once: Once) -> Answer | None:
        """What the request was answered before, if it was; KeyReused when its key belongs to another request."""
        known = self.runs.known(tenant, once.key)
        return _again(known.fingerprint, known.answer, once) if known is not None else None

    def accept(self, request: Request) -> Answer:
        """Store the batch, then the run, then start it. Raises before the run exists, or not at all.

        A request that was accepted before gets the first answer again; another request under the same key is
        KeyReused, and InProgress says that another process is just storing the first.
        """
        flow, url = self.check(request.batch.options), request.batch.options.callback_url
        if url is not None:
            self.register(request.tenant, url)
        record = self._record(request, flow)
        point("batch_stored")
        answer = _answer(record, request.batch)
        once = Idempotency(key=request.once.key, fingerprint=request.once.fingerprint, answer=answer.body)
        try:
            self.runs.create(record, once)
        except Repeated as repeated:
            # A write whose answer was lost is tried again by the store's client, and then meets itself.
            if repeated.answer != answer.body:
                self._forget(record)
                return _again(repeated.fingerprint, repeated.answer, request.once)
        except Conflict as conflict:
            self._forget(record)
            raise InProgress from conflict
        tracing.accepted(record.run_id, record.tenant)
        count("runs_accepted", flow=record.flow)
        point("run_created")
        self._start(record)
        point("start_published")
        return answer

    def _record(self, request: Request, flow: Flow) -> RunRecord:
        run_id, at, options = new_run_id(), self.clock(), request.batch.options
        ref, _ = self.artifacts.put(
            tenant=request.tenant, key=batch_key(run_id), data=request.batch.ndjson, media_type=NDJSON,
            schema_name="batch/1", rows=request.batch.records, durable=True,
        )  # fmt: skip
        callback = None
        if options.callback_url is not None:
            endpoint = endpoint_id(request.tenant, options.callback_url)
            callback = CallbackRecord(url=options.callback_url, event_id=event_id(run_id), endpoint_id=endpoint)
        budget = timedelta(seconds=options.deadline_s or flow.deadline_s)
        return RunRecord(
            tenant=request.tenant, run_id=run_id, flow=flow.name, flow_version=flow.version,
            accepted_at=at, deadline_at=at + budget, due_at=at + START_GRACE, batch=ref,
            records=request.batch.records, metadata=options.metadata, callback=callback,
            traceparent=request.traceparent, received_at=request.received_at,
        )  # fmt: skip

    def _forget(self, record: RunRecord) -> None:
        """Take back a batch that no run names. If that fails, the search for orphans finds it."""
        try:
            self.artifacts.delete(record.tenant, record.batch)
        except StorageError as error:
            log.warning("batch_left", extra={"action": "batch_left", "error": type(error).__name__} | _whose(record))

    def _start(self, record: RunRecord) -> None:
        """The run is accepted by now: if the broker is away, the sweep starts it when its grace is over."""
        try:
            self.starter.start(record)
        except Exception as error:
            said = {"action": "start_not_published", "error": type(error).__name__}
            log.warning("start_not_published", extra=said | _whose(record))
        log.info("run_accepted", extra={"action": "run_accepted", "records": record.records} | _whose(record))


def _whose(record: RunRecord) -> dict[str, object]:
    return {"run_id": record.run_id, "tenant": record.tenant}


def _answer(record: RunRecord, batch: ReadBody) -> Answer:
    place = f"/v1/runs/{record.run_id}"
    accepted = Accepted(
        run_id=record.run_id, status=record.status, records=batch.records, deadline_at=record.deadline_at,
        mapping=batch.mapping, set_aside=batch.set_aside, set_aside_total=batch.set_aside_total,
        links={"self": place, "report": f"{place}/report", "events": f"{place}/events"},
    )  # fmt: skip
    return Answer(body=accepted.model_dump_json(), location=place)


def _again(fingerprint: str, body: str, once: Once) -> Answer:
    if fingerprint != once.fingerprint:
        raise KeyReused("this Idempotency-Key belongs to another request")
    return Answer(body=body, location=Accepted.model_validate_json(body).links["self"], replayed=True)
