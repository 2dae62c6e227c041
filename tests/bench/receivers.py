"""Who takes telemetry while it is measured: alive, hanging, dead, or nobody at all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event

from millrace.local.servers import bound_socket
from millrace.testing.fluentd import Fluentd, Manner
from millrace.testing.otlp import Receiver
from millrace.testing.sentry import Sentry

Settings = dict[str, str]
LATE_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to run with telemetry, or without."""

    name: str
    share: float
    """Of the runs that are recorded."""
    receivers: Callable[[ExitStack], Settings]
    """Starts them and says where they are."""

    @contextmanager
    def settings(self) -> Iterator[Settings]:
        """The environment of its processes; the receivers live as long as the block."""
        with ExitStack() as until_the_end:
            found = self.receivers(until_the_end)
            yield found | ({"MILLRACE_TRACE_SHARE": str(self.share)} if found else {})


def _none(until_the_end: ExitStack) -> Settings:
    return {}


def _alive(until_the_end: ExitStack) -> Settings:
    return _addresses(until_the_end, Fluentd(), Sentry())


def _hanging(until_the_end: ExitStack) -> Settings:
    return _addresses(until_the_end, Fluentd(manner=Manner.HANGS), Sentry(hangs=True), hanging=True)


class _Slow(Receiver):
    """Answers, but long after it was asked."""

    def take(self, path: str, body: bytes) -> int:
        """See `Receiver`."""
        Event().wait(LATE_S)
        return super().take(path, body)


def _late(until_the_end: ExitStack) -> Settings:
    return _addresses(until_the_end, Fluentd(), Sentry(), _Slow())


def _addresses(
    until_the_end: ExitStack, fluentd: Fluentd, sentry: Sentry, given: Receiver | None = None, hanging: bool = False
) -> Settings:
    otlp = given or Receiver()
    until_the_end.callback(otlp.stop)
    if hanging:
        otlp.hanging.set()
    until_the_end.enter_context(fluentd)
    until_the_end.enter_context(sentry)
    return {
        "MILLRACE_OTLP_ENDPOINT": otlp.url, "MILLRACE_FLUENTD": fluentd.address, "MILLRACE_SENTRY_DSN": sentry.dsn,
    }  # fmt: skip


def _dead(until_the_end: ExitStack) -> Settings:
    """Nobody listens there: connections are refused at once."""
    with bound_socket() as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    return {
        "MILLRACE_OTLP_ENDPOINT": f"http://{address}", "MILLRACE_FLUENTD": address,
        "MILLRACE_SENTRY_DSN": f"http://public@{address}/1",
    }  # fmt: skip


OFF = Case(name="off", share=0, receivers=_none)
AGAIN = Case(name="off, again", share=0, receivers=_none)
"""Beside it: what two fleets differ by when nothing differs."""
CASES = (
    Case(name="on", share=0.1, receivers=_alive),
    Case(name="on, every trace", share=1, receivers=_alive),
)
"""With telemetry that is taken."""
AWAY = (
    Case(name="hanging", share=0.1, receivers=_hanging),
    Case(name="dead", share=0.1, receivers=_dead),
    Case(name="late", share=0.1, receivers=_late),
)
"""With telemetry that nobody takes, or later than anybody should wait; as much of it as there is by default."""
