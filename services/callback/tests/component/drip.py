"""Sends one callback under gevent, as the worker does, to a consumer that answers a byte a tenth of a second."""

# Before anything that opens a socket, exactly as Celery does it for `-P gevent`.
from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
from datetime import UTC, datetime  # noqa: E402

import gevent  # noqa: E402
from gevent.server import StreamServer  # noqa: E402

from millrace.callback.adapters import Attempt, HttpSender  # noqa: E402
from millrace.callback.errors import Unreachable  # noqa: E402


def drip(connection, _) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"z" * 1000:
        connection.send(bytes([byte]))
        gevent.sleep(0.1)


server = StreamServer(("127.0.0.1", 0), drip)
server.start()
sender = HttpSender(secret=sys.argv[1], allowed_hosts=frozenset({"127.0.0.1"}), timeout_s=1)
url = f"http://127.0.0.1:{server.server_port}/"
try:
    print(sender.send(Attempt(url=url, event_id="evt_1", body=b"{}", at=datetime.now(UTC))))
except Unreachable as error:
    print(error)
