"""Raw bytes against the real server: requests within requests, broken framing, packed bodies, lines within lines."""

import gzip
import json
import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.fuzz.asking import batch
from tests.fuzz.front_door import FrontDoor

PATIENCE_S = 30
BODY = b'{"records": [{"text": "The parcel came late."}]}'


def spoken(door: FrontDoor, data: bytes) -> list[int]:
    """The statuses of everything that the server answers to these bytes, until it hangs up."""
    parts = urlsplit(door.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=PATIENCE_S) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        told = b""
        while part := client.recv(65536):
            told += part
    return [int(line.split()[1]) for line in told.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


def head(door: FrontDoor, *more: str, path: str = "/v1/runs") -> bytes:
    """A POST's head with these headers too."""
    lines = [
        f"POST {path} HTTP/1.1", "Host: api.example.org", f"Authorization: Bearer {door.key}",
        f"Idempotency-Key: {secrets.token_hex(8)}", "Content-Type: application/json", *more,
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        ("Content-Length: 4", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", "Content-Length: 4"),
        ("Content-Length: 4", "Content-Length: 5"), ("Content-Length: +4",), ("Content-Length: 4, 4",),
        ("Transfer-Encoding: xchunked",), ("Transfer-Encoding: chunked, identity",), ("Transfer-Encoding : chunked",),
        ("Content-Length: -1",), ("Content-Length: 0x4",),
    ],
    ids=" + ".join,
)  # fmt: skip
def test_a_body_whose_end_is_in_doubt_is_refused_and_nothing_after_it_is_heard(door: FrontDoor, framing):
    # when
    statuses = spoken(door, head(door, *framing) + b"0\r\n\r\n" + SMUGGLED)
    # then
    assert statuses in ([400], []), statuses


@pytest.mark.parametrize("bad", [b"zz\r\n", b"1;" + b"a" * 70_000 + b"\r\nx\r\n", b"FFFFFFFFFFFFFFFFF\r\nx"])
def test_broken_chunks_are_refused(door: FrontDoor, bad):
    statuses = spoken(door, head(door, "Transfer-Encoding: chunked") + bad + SMUGGLED)
    assert 202 not in statuses and 200 not in statuses, statuses


def test_a_header_with_a_bare_line_end_is_refused(door: FrontDoor):
    assert spoken(door, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\nX-C: d\r\n\r\n") in ([400], [200])
    assert spoken(door, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\rX-C: d\r\n\r\n") == [400]
    assert spoken(door, b"GET /healthz HTTP/1.1\r\nHost: x\r\n continued: yes\r\n\r\n") == [400]


def test_the_server_bounds_what_a_request_may_hold_and_how_long_it_may_take(door: FrontDoor):
    """How it does so is tested with the protocol, in the ingestion service."""
    assert spoken(door, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"b" * 40_000) == [431]


def test_the_connection_is_not_made_a_web_socket_or_http_2(door: FrontDoor):
    upgrades = b"Upgrade: %b\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n"
    for protocol in (b"websocket", b"h2c"):
        statuses = spoken(door, b"GET /v1/flows HTTP/1.1\r\nHost: x\r\n" + upgrades % protocol + b"\r\n")
        assert statuses == [401], protocol


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_packed_body_is_not_opened_unseen(door: FrontDoor, encoding):
    """`Content-Encoding` is refused or ignored. What is ignored is a file of its own, with a file's bounds."""
    # when
    bomb = gzip.compress(b" " * (64 << 20) + BODY)
    asked = batch().having(json=None, content=bomb)
    answer = asked.having(headers={**asked.headers, "content-encoding": encoding}).send(door.url, door.key)
    # then
    assert answer.status_code in (413, 415, 422), answer.text


def test_a_line_end_in_what_a_caller_sends_makes_no_header(door: FrontDoor):
    # when
    forged = "ok\r\nSet-Cookie: stolen=yes\r\n\r\n<html>"
    answers = [
        batch().having(query={"meta": f"who:{forged}", "filename": forged}).send(door.url, door.key),
        batch().having(query={"flow": forged}).send(door.url, door.key),
        httpx.get(f"{door.url}/v1/{httpx.QueryParams(a=forged)}"),
        httpx.get(f"{door.url}/v1/runs/%0d%0aX:%20y"),
    ]
    # then
    assert [answer.headers.get("set-cookie") for answer in answers] == [None] * len(answers)
    assert answers[0].status_code == 202 and answers[0].headers["location"].startswith("/v1/runs/run_")
    assert {answer.status_code for answer in answers[1:]} <= {401, 404, 422}


def test_a_line_end_in_what_a_caller_sends_makes_no_line_of_the_log(door: FrontDoor):
    # given
    forged = '\n{"level": "error", "message": "forged"}\n'
    # when
    for asked in (
        batch().having(query={"flow": forged, "meta": f"a:{forged}"}), batch().having(query={"filename": forged}),
        batch().having(json={"records": [{"text": forged}], "metadata": {forged: forged}}),
    ):  # fmt: skip
        asked.send(door.url, door.key)
    httpx.get(f"{door.url}/v1/runs/{forged.replace(' ', '').encode().hex()}%0aforged", headers={"x-a": "b"})
    # then
    lines = Path(door.stack.folder / "logs" / "ingestion.log").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert [line for line in lines if json.loads(line).get("message") == "forged"] == []


def test_nobody_is_sent_to_an_address_that_the_caller_chose(door: FrontDoor):
    for path in ("/v1/runs/", "/healthz/", "//evil.example.org/v1/runs"):
        answer = httpx.get(f"{door.url}{path}", headers={"host": "evil.example.org", "x-forwarded-host": "evil"})
        assert answer.status_code in (401, 404) and "location" not in answer.headers, path
