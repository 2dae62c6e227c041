"""Who listens to a stack: an OTLP receiver, a fluentd and a Sentry, each on loopback."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from millrace.testing.fluentd import Fluentd
from millrace.testing.otlp import OK, Receiver, Span, metric_names
from millrace.testing.sentry import Sentry


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """All of them."""

    otlp: Receiver
    fluentd: Fluentd
    sentry: Sentry

    @property
    def settings(self) -> dict[str, str]:
        """What tells a process of them."""
        return {
            "MILLRACE_OTLP_ENDPOINT": self.otlp.url, "MILLRACE_FLUENTD": self.fluentd.address,
            "MILLRACE_SENTRY_DSN": self.sentry.dsn,
        }  # fmt: skip

    def spans(self) -> list[Span]:
        """Spans that came, in their order."""
        return self.otlp.received()

    def metrics(self) -> frozenset[tuple[str, str]]:
        """Service and name of each metric that came."""
        return metric_names(self.otlp.metrics())

    def logs(self) -> list[dict[str, Any]]:
        """Log lines that came."""
        return [entry.line for entry in self.fluentd.entries()]

    def errors(self) -> list[dict[str, Any]]:
        """Error reports that came."""
        return self.sentry.events()


@contextmanager
def listening(through: str = "") -> Iterator[Listeners]:
    """They listen for as long as the block lasts. `through`: an OTLP receiver to which all is handed on."""
    otlp = Through(through) if through else Receiver()
    with Fluentd() as fluentd, Sentry() as sentry:
        try:
            yield Listeners(otlp=otlp, fluentd=fluentd, sentry=sentry)
        finally:
            otlp.stop()


class Through(Receiver):
    """Hands everything on to another receiver, and takes what that took."""

    def __init__(self, url: str) -> None:
        self._next = httpx.Client(base_url=url, headers={"content-type": "application/x-protobuf"}, timeout=10)
        super().__init__()

    def take(self, path: str, body: bytes) -> int:
        """See `Receiver`."""
        status = self._next.post(path, content=body).status_code
        return super().take(path, body) if status == OK else status

    def stop(self) -> None:
        """See `Receiver`."""
        with closing(self._next):
            super().stop()
