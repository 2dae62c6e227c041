"""The signed POST to the consumer."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx
from gevent import Timeout  # type: ignore[import-untyped]
from standardwebhooks.webhooks import Webhook

from millrace.callback.errors import Unreachable
from millrace.contracts.addresses import check
from millrace.contracts.run import RunRecord
from millrace.storage.links import ReportLink, ReportLinks

TIMEOUT_S = 5.0
"""Total patience for one attempt: a slow consumer must not hold a worker."""


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
class Attempt:
    """What is sent: the same body and event id every time, signed anew."""

    url: str
    event_id: str
    body: bytes = field(repr=False)
    at: datetime
    traceparent: str | None = None


class Sender(Protocol):
    """Delivers one attempt."""

    def send(self, attempt: Attempt) -> int:
        """The consumer's HTTP status; AddressRefused or Unreachable when there is none."""


@dataclass(frozen=True, kw_only=True)
class HttpSender:
    """POSTs over HTTP by the rules of Standard Webhooks 1.0.0. Never follows redirects, never reads the answer."""

    secret: str = field(repr=False)
    allowed_hosts: frozenset[str]
    timeout_s: float = TIMEOUT_S

    def send(self, attempt: Attempt) -> int:
        """See `Sender`."""
        check(attempt.url, self.allowed_hosts)
        signed = Webhook(self.secret).sign(attempt.event_id, attempt.at, attempt.body.decode())
        headers = {
            "content-type": "application/json",
            "user-agent": "Millrace-Callback/1",
            "webhook-id": attempt.event_id,
            "webhook-timestamp": str(int(attempt.at.timestamp())),
            "webhook-signature": signed,
        }
        if attempt.traceparent:
            headers["traceparent"] = attempt.traceparent
        try:
            with (
                # httpx bounds each read and write; a consumer that drips would hold the worker for ever.
                Timeout(self.timeout_s, Unreachable("TotalTimeout")),
                httpx.Client(timeout=self.timeout_s, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", attempt.url, content=attempt.body, headers=headers) as answer,
            ):
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(type(error).__name__) from error
