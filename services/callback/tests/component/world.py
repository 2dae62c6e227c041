"""A delivery over in-memory stores, and a consumer that answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from millrace.callback.adapters import HttpSender
from millrace.callback.delivery import Delivery
from millrace.callback.post import Post
from millrace.contracts.base import now
from millrace.contracts.endpoints import DeliveryRecord, EndpointRecord
from millrace.contracts.ids import endpoint_id, event_id
from millrace.contracts.messages import Deliver, Probe
from millrace.contracts.run import CallbackRecord, RunRecord, RunStatus
from millrace.storage.endpoints import Endpoints
from millrace.storage.items import Items, MemoryItems
from millrace.storage.memory import MemoryEnvelope, MemoryRuns, memory_artifacts
from millrace.testing.factories import callback_record, run_record

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="


@dataclass
class Receiver:
    """A consumer that answers as told and keeps what it got."""

    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    meanwhile: Callable[[], object] = lambda: None
    """Happens while the sender waits for the answer."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            state.meanwhile()
            self.send_response(state.answers.pop(0) if state.answers else 204)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class World:
    """A delivery over in-memory stores and a run that has ended."""

    url: str
    allowed: str = "127.0.0.1"
    at: datetime = field(default_factory=now)
    """The clock of all of it. It stands where the test began, for a consumer refuses what is signed at another time."""
    items: Items = field(default_factory=MemoryItems)
    registered: bool = True
    """Whether the URL is an endpoint before anything is delivered."""

    def __post_init__(self) -> None:
        self.runs, artifacts = MemoryRuns(), memory_artifacts()
        self.endpoints = Endpoints(items=self.items, envelope=MemoryEnvelope(), clock=self.clock)
        sender = HttpSender(allowed=frozenset([self.allowed]), timeout_s=2)
        self.delivery = Delivery(
            store=self.runs, artifacts=artifacts, endpoints=self.endpoints,
            post=Post(endpoints=self.endpoints, sender=sender, clock=self.clock),
            link=lambda record, _: record.run_id, clock=self.clock, jitter=lambda: 0.0,
        )  # fmt: skip
        self.endpoint_id = endpoint_id("acme", self.url)
        if self.registered:
            self.endpoints.register("acme", self.url, secret=SECRET)
        self.run_id = self.add_run().run_id

    def clock(self) -> datetime:
        return self.at

    def add_run(self) -> RunRecord:
        """A run that has failed, and whose callback is due."""
        record = run_record(status=RunStatus.FAILED, reason="ratings: bad_input", ended_at=self.at)
        callback = callback_record(record.run_id, url=self.url, endpoint_id=self.endpoint_id if self.registered else "")
        record = record.model_copy(update={"callback": callback})
        self.runs.create(record)
        return record

    @property
    def record(self) -> RunRecord:
        return self.runs.get("acme", self.run_id)

    @property
    def callback(self) -> CallbackRecord:
        assert self.record.callback is not None
        return self.record.callback

    @property
    def endpoint(self) -> EndpointRecord:
        return self.endpoints.get("acme", self.endpoint_id)

    @property
    def log(self) -> tuple[DeliveryRecord, ...]:
        """What the endpoint was sent, oldest first."""
        return self.endpoints.deliveries("acme", self.endpoint_id, 100).records[::-1]

    def deliver(self, delivery: int = 1, event: str = "", run_id: str = "") -> None:
        run_id = run_id or self.run_id
        event = event or event_id(run_id, self.runs.get("acme", run_id).attempt - 1)
        self.delivery.deliver(Deliver(tenant="acme", run_id=run_id, event_id=event, delivery=delivery))

    def probe(self) -> None:
        nobodys = run_record().run_id
        event = event_id(nobodys)
        self.delivery.probe(Probe(tenant="acme", run_id=nobodys, endpoint_id=self.endpoint_id, event_id=event))

    def redrive(self, **changes: Any) -> None:
        """Begin another attempt, as the orchestrator does: the callback gets an event id of its own."""
        event = event_id(self.run_id, self.record.attempt)
        given = {
            "attempt": self.record.attempt + 1, "status": RunStatus.RUNNING, "ended_at": None, "due_at": None,
            "callback": callback_record(self.run_id, url=self.url, event_id=event, endpoint_id=self.endpoint_id),
        }  # fmt: skip
        self.runs.replace(self.record.model_copy(update=given | changes))
