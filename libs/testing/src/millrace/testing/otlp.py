"""A receiver of OTLP over HTTP on loopback, which keeps what it is sent and can be deaf, mute or busy."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

PATIENCE_S = 60.0
"""Bounds a hang; nothing is expected to take as long."""
OK, BUSY = 200, 503


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span as it was received. Ids are hexadecimal, times nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    """Empty for none."""
    name: str
    kind: str
    """`server`, `client`, `producer`, `consumer` or `internal`."""
    service: str
    resource: Mapping[str, Any]
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]
    """Trace id and span id of each."""
    start: int
    end: int
    error: bool


@dataclass
class Receiver:
    """`http://127.0.0.1:<port>`. Answers in threads of its own."""

    status: int = OK
    hanging: threading.Event = field(default_factory=threading.Event)
    """While it is set, requests are read and not answered."""
    requests: int = 0
    _spans: list[Span] = field(default_factory=list)
    _metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What `MILLRACE_OTLP_ENDPOINT` is set to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def received(self) -> list[Span]:
        """Every span that was taken, in the order in which they came."""
        with self._changed:
            return list(self._spans)

    def metrics(self) -> list[ExportMetricsServiceRequest]:
        """Every request with metrics that was taken."""
        with self._changed:
            return list(self._metrics)

    def wait_for(self, number: int, name: str = "") -> list[Span]:
        """Those spans whose name begins like this, once there are so many; AssertionError when they never come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._named(name)) >= number, PATIENCE_S)
            found = self._named(name)
            assert came, f"{len(found)} of {number} spans {name!r} came: {[span.name for span in self._spans]}"
            return found

    def forget(self) -> None:
        """Begin with nothing."""
        with self._changed:
            self._spans.clear()
            self._metrics.clear()

    def stop(self) -> None:
        """Listen no more: who connects is refused. Answers what hangs."""
        self.hanging.clear()
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, path: str, body: bytes) -> int:
        """What a request is answered with."""
        with self._changed:
            self.requests += 1
            self._changed.notify_all()
            status = self.status
        while self.hanging.is_set() and not self._ended.wait(0.05):
            pass
        if status == OK:
            with self._changed:
                self._keep(path, body)
                self._changed.notify_all()
        return status

    def _keep(self, path: str, body: bytes) -> None:
        if path.endswith("/v1/traces"):
            self._spans.extend(spans_of(ExportTraceServiceRequest.FromString(body)))
        elif path.endswith("/v1/metrics"):
            self._metrics.append(ExportMetricsServiceRequest.FromString(body))

    def _named(self, name: str) -> list[Span]:
        return [span for span in self._spans if span.name.startswith(name)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for this block."""
    made = Receiver()
    try:
        yield made
    finally:
        made.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever gave up waiting is nobody's fault."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.receiver.take(self.path, body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Every span of a request."""
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield _span(span, resource)


def _span(span: trace_pb2.Span, resource: dict[str, Any]) -> Span:
    return Span(
        trace_id=span.trace_id.hex(), span_id=span.span_id.hex(), parent_id=span.parent_span_id.hex(), name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        service=str(resource.get("service.name", "")), resource=resource, attributes=_attributes(span.attributes),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        start=span.start_time_unix_nano, end=span.end_time_unix_nano,
        error=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
    )  # fmt: skip


def metric_names(requests: Iterable[ExportMetricsServiceRequest]) -> frozenset[tuple[str, str]]:
    """Service and name of every metric in these requests."""
    return frozenset(
        (str(_attributes(group.resource.attributes).get("service.name", "")), metric.name)
        for request in requests
        for group in request.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pair: KeyValue
    for pair in pairs:
        found[pair.key] = _value(pair.value)
    return found


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, str(kind))
