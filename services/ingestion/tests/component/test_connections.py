"""What a raw socket can do to the server: nothing for long, and nothing at any length."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn

from millrace.ingestion.connections import MAX_HEADER_BYTES, BoundedProtocol

PATIENCE_S = 20


class Impatient(BoundedProtocol):
    """The same with deadlines that a test can wait for."""

    headers_s = 0.5
    request_s = 1.0
    max_requests = 4


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reads the whole body and tells its length, except of `/early`."""
    size, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(app, http=Impatient, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        yield client


def answer(client: socket.socket) -> tuple[int, bytes]:
    """Status and body of what comes until the server hangs up."""
    told = b""
    while part := _received(client):
        told += part
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, body


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def drip(client: socket.socket, data: bytes) -> tuple[int, bytes]:
    """Send the same again and again until the server has had enough."""
    client.settimeout(0.05)
    for _ in range(PATIENCE_S * 20):
        try:
            client.sendall(data)
            told = client.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return 0, b""
        return int(told.split()[1]) if told else 0, told
    raise AssertionError("the server would wait for ever")


def test_a_request_is_answered_and_the_next_one_on_the_same_connection_too(port):
    with connected(port) as client:
        for _ in range(2):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            assert client.recv(65536).endswith(b"3")


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /"], ids=["nothing", "headers", "line"])
def test_who_never_ends_the_headers_is_told_so_and_hung_up(port, said):
    with connected(port) as client:
        client.sendall(said)
        status, body = answer(client)
    assert (status, json.loads(body)["type"]) == (408, "urn:millrace:problem:request-timeout")


def test_dripping_headers_do_not_buy_time(port):
    with connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert drip(client, b"X-A: b\r\n")[0] in (408, 0)


def test_dripping_line_ends_after_a_request_do_not_buy_time(port):
    with connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).endswith(b"0")
        assert drip(client, b"\r\n")[0] in (408, 0)


@pytest.mark.parametrize("path", ["/", "/early"])
def test_dripping_a_body_does_not_buy_time_whether_it_is_read_or_not(port, path):
    with connected(port) as client:
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode())
        if path == "/early":
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert drip(client, b"x")[0] in (408, 0)


def test_a_request_too_many_is_told_when_to_return_and_probes_are_answered(port):
    # given
    with ExitStack() as stack:
        for _ in range(Impatient.max_requests):
            client = stack.enter_context(connected(port))
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 100")
        # when
        with connected(port) as late, connected(port) as probe:
            late.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            told = late.recv(65536)
            # then
            assert probe.recv(65536).startswith(b"HTTP/1.1 200")
    assert told.startswith(b"HTTP/1.1 503") and b"\r\nretry-after: 2\r\n" in told


@pytest.mark.parametrize("ended", [True, False], ids=["complete", "endless"])
def test_headers_are_bounded(port, ended):
    with connected(port) as client:
        head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * MAX_HEADER_BYTES
        client.sendall(head + (b"\r\n\r\n" if ended else b""))
        status, body = answer(client)
    assert (status, json.loads(body)["status"]) == (431, 431)


def test_what_is_no_http_gets_a_problem(port):
    with connected(port) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        status, body = answer(client)
    assert (status, json.loads(body)["title"]) == (400, "Bad Request")
