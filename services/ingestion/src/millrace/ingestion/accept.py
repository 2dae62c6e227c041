"""Accept a batch: one object put, one conditional write, one message. In that order, so nothing is half-accepted."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from millrace.contracts.addresses import check
from millrace.contracts.api import Accepted
from millrace.contracts.artifacts import NDJSON
from millrace.contracts.base import now
from millrace.contracts.errors import AddressRefused
from millrace.contracts.flow import Flow
from millrace.contracts.ids import event_id, new_run_id
from millrace.contracts.run import CallbackRecord, RunRecord
from millrace.ingestion.adapters import Starter
from millrace.ingestion.body import Options, ReadBody
from millrace.ingestion.errors import BadCallbackUrl, BadRequest, KeyReused, UnknownFlow
from millrace.storage.artifacts import ArtifactStore, batch_key
from millrace.storage.errors import Repeated
from millrace.storage.ports import FlowStore, Idempotency, RunStore
from millrace.telemetry.logs import get_logger
from millrace.worker.crash import point

log = get_logger(__name__)

START_GRACE = timedelta(seconds=2)
"""How long the first message may take before the sweep starts the run itself."""
FLOWS_AGE_S = 30


@dataclass(frozen=True, kw_only=True)
class Request:
    """A readable batch of a known tenant for a known flow."""

    tenant: str
    flow: Flow
    batch: ReadBody
    idempotency_key: str = ""
    traceparent: str | None = None


@dataclass(kw_only=True)
class Acceptance:
    """Turns a readable batch into an accepted run."""

    runs: RunStore
    flow_store: FlowStore
    artifacts: ArtifactStore
    starter: Starter
    allowed_hosts: frozenset[str]
    clock: Callable[[], datetime] = now
    _flows: dict[str, Flow] = field(default_factory=dict)
    _flows_at: datetime | None = None

    def flows(self) -> dict[str, Flow]:
        """The flows that the running orchestrator knows; half a minute old at most."""
        age = (self.clock() - self._flows_at).total_seconds() if self._flows_at else None
        if age is None or age > FLOWS_AGE_S or not self._flows:
            self._flows = {flow.name: flow for flow in self.flow_store.all()}
            self._flows_at = self.clock()
        return self._flows

    def check(self, options: Options) -> Flow:
        """What can be refused before the body is parsed."""
        flow = self.flows().get(options.flow)
        if flow is None:
            known = ", ".join(sorted(self.flows()))
            raise UnknownFlow(f"there is no flow {options.flow!r}; there are: {known}")
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

    def accept(self, request: Request) -> Accepted:
        """Store the batch, then the run, then start it. Raises before the run exists, or not at all.

        A request whose idempotency key was used before gets the first answer again; another request under the same
        key is KeyReused.
        """
        record = self._record(request)
        point("batch_stored")
        answer = _answer(record, request.batch)
        once = None
        if request.idempotency_key:
            fingerprint = hashlib.sha256(repr(request.batch.options).encode() + request.batch.ndjson).hexdigest()
            once = Idempotency(key=request.idempotency_key, fingerprint=fingerprint, answer=answer.model_dump_json())
        try:
            self.runs.create(record, once)
        except Repeated as repeated:
            self.artifacts.delete(record.tenant, record.batch)
            if once is None or repeated.fingerprint != once.fingerprint:
                raise KeyReused("this Idempotency-Key belongs to another request") from repeated
            return Accepted.model_validate_json(repeated.answer)
        point("run_created")
        self._start(record)
        point("start_published")
        return answer

    def _record(self, request: Request) -> RunRecord:
        run_id, at, options = new_run_id(), self.clock(), request.batch.options
        ref, _ = self.artifacts.put(
            tenant=request.tenant, key=batch_key(run_id), data=request.batch.ndjson, media_type=NDJSON,
            schema_name="batch/1", rows=request.batch.records, durable=True,
        )  # fmt: skip
        callback = None
        if options.callback_url is not None:
            callback = CallbackRecord(url=options.callback_url, event_id=event_id(run_id))
        budget = timedelta(seconds=options.deadline_s or request.flow.deadline_s)
        return RunRecord(
            tenant=request.tenant, run_id=run_id, flow=request.flow.name, flow_version=request.flow.version,
            accepted_at=at, deadline_at=at + budget, due_at=at + START_GRACE, batch=ref,
            records=request.batch.records, metadata=options.metadata, callback=callback,
            traceparent=request.traceparent,
        )  # fmt: skip

    def _start(self, record: RunRecord) -> None:
        """The run is accepted by now: if the broker is away, the sweep starts it when its grace is over."""
        try:
            self.starter.start(record)
        except Exception as error:
            log.warning(
                "start_not_published",
                extra={"action": "start_not_published", "run_id": record.run_id, "error": type(error).__name__},
            )
        log.info("run_accepted", extra={"action": "run_accepted", "run_id": record.run_id, "records": record.records})


def _answer(record: RunRecord, batch: ReadBody) -> Accepted:
    place = f"/v1/runs/{record.run_id}"
    return Accepted(
        run_id=record.run_id, status=record.status, records=batch.records, deadline_at=record.deadline_at,
        mapping=batch.mapping, set_aside=batch.set_aside, set_aside_total=batch.set_aside_total,
        links={"self": place, "report": f"{place}/report"},
    )  # fmt: skip
