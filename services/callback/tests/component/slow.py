"""Sends one callback under gevent, as the worker does, to a consumer that is slow in the way that the argument names.

Prints what comes of it, and the seconds that it took.
"""

# Before anything that opens a socket, exactly as Celery does it for `-P gevent`.
from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402
from gevent.server import StreamServer  # noqa: E402

from millrace.callback.adapters import HttpSender, Letter  # noqa: E402
from millrace.callback.errors import Unreachable  # noqa: E402

HOW = sys.argv[1]


def serve(connection, _) -> None:
    connection.recv(65536)
    if HOW == "hangs":
        gevent.sleep(20)
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
    slowly = b"x-slow: " + b"z" * 1000 if HOW == "drips" else b""
    if HOW == "drips the body":
        connection.send(head + b"\r\n")
        slowly = b"z" * 1000
    for byte in slowly:
        connection.send(bytes([byte]))
        gevent.sleep(0.1)
    if HOW == "answers for ever":
        connection.send(head + b"\r\n")
        while True:
            connection.send(b"z" * 65536)


def resolve(host: str, port: int) -> tuple[str, ...]:
    gevent.sleep(20 if HOW == "resolves slowly" else 0)
    return ("127.0.0.1",)


server = StreamServer(("127.0.0.1", 0), serve)
server.start()
sender = HttpSender(allowed=frozenset({"consumer.test"}), timeout_s=1, resolve=resolve)
letter = Letter(url=f"http://consumer.test:{server.server_port}/", headers={}, body=b"{}")
began = time.monotonic()
try:
    said = str(sender.send(letter).status)
except Unreachable as error:
    said = str(error)
print(f"{said},{time.monotonic() - began:.1f}")
