"""Workers of both pools, the files by which they say how they are, and a broker that can be made to say nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from millrace.local.process import Process
from millrace.testing.loop import Loop
from millrace.testing.tcp import Mode, TcpProxy
from millrace.testing.workers import PATIENCE_S, Workers

READY_S = 5
"""As long as a lease: readiness never waits for less."""
LIVE_S = 3
"""Times one to two: from here on a worker may be restarted."""
BOUNDS = {"MILLRACE_READY_POLL_S": str(READY_S), "MILLRACE_LIVE_POLL_S": str(LIVE_S)}
LATE_S = 3.0
"""A beat comes each second; this much later it is not late any more."""


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    give_up = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Beats:
    """A file that is written again and again."""

    path: Path

    @property
    def there(self) -> bool:
        return self.path.exists()

    @property
    def last(self) -> int:
        """When it was written last, in nanoseconds; 0 for no file."""
        return self.path.stat().st_mtime_ns if self.there else 0

    @property
    def late(self) -> bool:
        return time.time_ns() - self.last > LATE_S * 1e9


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A worker and its files."""

    process: Process
    ready: Beats
    alive: Beats


def both(workers: Workers) -> tuple[Watched, Watched]:
    """A worker of each pool on the same queue: prefork's, and gevent's."""
    return watched(workers, "prefork"), watched(workers, "gevent")


def watched(workers: Workers, pool: str, concurrency: int = 2) -> Watched:
    """One more worker."""
    process = workers.start(pool, concurrency)
    ready = workers.health(len(workers.processes))
    return Watched(process=process, ready=Beats(ready), alive=Beats(ready.with_suffix(".live")))


def each_takes_messages(workers: Workers, gevent: Watched) -> bool:
    """Whether workers of both pools have carried one out; sends another one. gevent has no children."""
    assert gevent.process.handle is not None
    workers.publish("nap", 0)
    return {event["pid"] == gevent.process.handle.pid for event in workers.events("ended")} == {True, False}


@dataclass(kw_only=True)
class Silence:
    """Workers, and what makes their broker fall silent, speak again, or be nowhere."""

    workers: Workers
    silence: Callable[[], None]
    speak: Callable[[], None]
    go_away: Callable[[], None]


@pytest.fixture
def through_tcp() -> Iterator[Callable[[Workers], Silence]]:
    """Puts a proxy between workers and their broker."""
    loop, proxies = Loop(), list[TcpProxy]()

    def put(workers: Workers) -> Silence:
        url = urlsplit(workers.broker_url)
        proxy = TcpProxy(loop, str(url.hostname), int(url.port or 0))
        proxies.append(proxy)
        behind = replace(workers, broker_url=workers.broker_url.replace(f":{url.port}", f":{proxy.port}"))
        return Silence(
            workers=behind, silence=lambda: proxy.set(Mode.BLACKHOLE), speak=lambda: proxy.set(Mode.PASS),
            go_away=lambda: proxy.set(Mode.DOWN),
        )  # fmt: skip

    yield put
    for proxy in proxies:
        proxy.close()
    loop.close()


def goes_and_comes_back(broker: Silence) -> None:
    """A silent broker ends the readiness of a worker of each pool, then their liveness; both come back with it."""
    # given
    workers = both(broker.workers)
    # when
    broker.silence()
    # then
    until(lambda: not any(each.ready.there for each in workers), "not ready")
    until(lambda: all(each.alive.late for each in workers), "not alive")
    assert all(each.process.running for each in workers)
    # and when it speaks again
    broker.speak()
    until(lambda: not any(each.alive.late for each in workers), "alive again")
    until(lambda: all(each.ready.there for each in workers), "ready again")
    until(lambda: each_takes_messages(broker.workers, workers[1]), "at work again")


def stays_alive(broker: Silence, leave: Callable[[], None]) -> None:
    """A broker that workers know to be lost ends their readiness and, for however long it is away, nothing else."""
    # given
    workers = both(broker.workers)
    leave()
    until(lambda: not any(each.ready.there for each in workers), "not ready")
    # when / then: long after the bound of who believes to be connected, they go on to say that they are alive
    long_after = time.time_ns() + 3 * LIVE_S * 1e9
    until(lambda: min(each.alive.last for each in workers) > long_after, "still alive")
    assert not any(each.ready.there for each in workers)
    # and when it is there again
    broker.speak()
    until(lambda: all(each.ready.there for each in workers), "ready again")
    assert all(each.process.running for each in workers)
    broker.workers.end_workers()
