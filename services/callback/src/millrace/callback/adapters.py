"""The POST to the consumer."""

import ssl
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpcore
from gevent import Timeout  # type: ignore[import-untyped]

from millrace.callback.errors import Unreachable
from millrace.callback.pinned import READ_BYTES, PinnedBackend
from millrace.contracts.addresses import Address, check
from millrace.contracts.run import RunRecord
from millrace.storage.links import ReportLink, ReportLinks
from millrace.worker.names import Resolver, resolve

TIMEOUT_S = 5.0
"""Total patience for one attempt, name and connection included: a slow consumer must not hold a worker."""
DRAIN_S = 0.5
MAX_ANSWER = 4_096
"""Seconds and bytes that are read of an answer's body, to end the connection cleanly. It is never looked at."""
AGENT = "Millrace-Callback/1"


@dataclass(frozen=True, kw_only=True)
class SignedLinks:
    """Addresses of reports under the API's public root."""

    api_url: str
    tokens: ReportLinks

    def __call__(self, record: RunRecord, expires_at: datetime) -> str:
        """The address of the report of the record's attempt: whichever ends last, it stays the one announced."""
        link = ReportLink(tenant=record.tenant, run_id=record.run_id, attempt=record.attempt)
        token = self.tokens.token(link, expires_at)
        return f"{self.api_url.rstrip('/')}/v1/runs/{record.run_id}/report?attempt={record.attempt}&token={token}"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is posted."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is kept of an answer."""

    status: int
    retry_after: str = ""
    """The header as it came."""


class Sender(Protocol):
    """Posts a letter."""

    def send(self, letter: Letter) -> Reply:
        """The consumer's answer; AddressRefused or Unreachable when there is none."""


@dataclass(frozen=True, kw_only=True)
class HttpSender:
    """Posts over HTTP/1.1. Follows no redirect, uses no proxy of the environment, keeps nothing between two letters."""

    allowed: frozenset[str]
    """See `millrace.contracts.addresses.entries`."""
    timeout_s: float = TIMEOUT_S
    resolve: Resolver = resolve
    plain: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend, repr=False)
    tls: ssl.SSLContext = field(default_factory=httpcore.default_ssl_context, repr=False)

    def send(self, letter: Letter) -> Reply:
        """See `Sender`."""
        address = check(letter.url, self.allowed)
        give_up = time.monotonic() + self.timeout_s
        # httpcore bounds each read and write; a consumer that drips would hold the worker for ever.
        timer = Timeout.start_new(self.timeout_s, Unreachable("timed_out"))
        backend = PinnedBackend(address=address, allowed=self.allowed, resolve=self.resolve, plain=self.plain)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self.tls, network_backend=backend) as pool,
                pool.stream(
                    b"POST", _url(address), headers=_headers(address, letter), content=letter.body,
                    extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_s)},
                ) as answer,
            ):  # fmt: skip
                # From here on the letter counts as answered, whatever becomes of the answer's body.
                timer.cancel()
                reply = _reply(answer)
                _drain(answer, min(DRAIN_S, give_up - time.monotonic()))
                return reply
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(_reason(error)) from error
        finally:
            timer.close()


def _url(address: Address) -> httpcore.URL:
    """Put together of what was checked, so that no second parser has its own view of it."""
    return httpcore.URL(
        scheme=address.scheme.encode(), host=address.host.encode(), port=address.port, target=address.target.encode()
    )


def _headers(address: Address, letter: Letter) -> list[tuple[bytes, bytes]]:
    own = {
        "host": address.authority, "user-agent": AGENT, "accept": "*/*", "connection": "close",
        "content-type": "application/json", "content-length": str(len(letter.body)),
    }  # fmt: skip
    return [(name.encode(), value.encode()) for name, value in (own | letter.headers).items()]


def _reply(answer: httpcore.Response) -> Reply:
    found = {name.lower(): value for name, value in answer.headers}
    return Reply(status=answer.status, retry_after=found.get(b"retry-after", b"").decode("latin-1"))


def _drain(answer: httpcore.Response, seconds: float) -> None:
    """Read the rest of a short answer: closing on unread bytes would look like a reset to the consumer."""
    read = 0
    with Timeout(max(0.0, seconds), False):
        try:
            for chunk in answer.iter_stream():
                read += len(chunk)
                if read + READ_BYTES > MAX_ANSWER:
                    return
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            # The status has been said; a body that breaks off takes nothing back.
            return


def _reason(error: Exception) -> str:
    """A machine key for what went wrong."""
    # httpcore's pool raises it anew `from None`; what it came from is still there.
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "certificate_refused"
    if isinstance(cause, ssl.SSLError):
        return "tls_failed"
    if isinstance(error, httpcore.TimeoutException):
        return "timed_out"
    if isinstance(error, httpcore.ConnectError):
        return "connect_failed"
    return "connection_lost" if isinstance(error, httpcore.NetworkError) else "no_http"
