"""The Prometheus endpoint of a process, on a port of its own that no caller of the API can reach."""

import os
import threading
from collections.abc import Callable, Iterable
from socketserver import TCPServer
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler

from prometheus_client import Metric, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from millrace.telemetry import metrics
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

PATIENCE_S: Final = 5.0
"""How long a client may take to say what it wants, and to take it."""


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: who asks is told by the client."""


class _Server(ThreadingWSGIServer):
    def server_bind(self) -> None:
        """Bind without asking the DNS for this machine's name, which http.server does and may wait for."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Collected:
    """What there is to see, for as long as it takes to write it down."""

    def collect(self) -> Iterable[Metric]:
        return metrics.collect()


def serve(host: str, port: int) -> Callable[[], None] | None:
    """Serve the metrics of this process, or of its pool, in a thread; returns what ends it.

    A port that cannot be had is told and is no reason to end: then there is nothing to call.
    """
    try:
        server = _Server((host, port), _Handler)
    except OSError as error:
        log.error("metrics_not_served", extra={"action": "metrics_not_served", "detail": port, "error": error.strerror})
        return None
    server.set_app(make_wsgi_app(_Collected()))
    # A child that was forked meanwhile must not keep the port.
    os.register_at_fork(after_in_child=server.socket.close)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
