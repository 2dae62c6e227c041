"""Health while a worker is stopped, and while its broker is there and says nothing."""

import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from millrace.testing.aws_faults import AwsFaults, Do, Fault
from millrace.testing.loop import Loop
from millrace.testing.tcp import Mode, TcpProxy
from millrace.testing.workers import PATIENCE_S, Workers

READY_S = 5
"""As long as a lease: readiness never waits for less."""
LIVE_S = 3
"""Times one to three: from here on a worker may be restarted."""
STOPPED_S = 3.0
"""A beat comes each second; this much later it is not late any more."""


def until(happened: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.05)


def beaten(path: Path) -> int:
    """When the file was written last, in nanoseconds; 0 for no file."""
    return path.stat().st_mtime_ns if path.exists() else 0


def newer(path: Path, last: int) -> bool:
    return beaten(path) > last


def late(path: Path) -> bool:
    return time.time_ns() - beaten(path) > STOPPED_S * 1e9


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


@pytest.fixture(params=["redis", "sqs", "rabbitmq"])
def silence(request: pytest.FixtureRequest, through_tcp: Callable[[Workers], Silence]) -> Iterator[Silence]:
    workers: Workers = request.getfixturevalue(f"workers_on_{request.param}")
    workers.more = {"MILLRACE_READY_POLL_S": str(READY_S), "MILLRACE_LIVE_POLL_S": str(LIVE_S)}
    if request.param == "sqs":
        faults: AwsFaults = request.getfixturevalue("faults")

        def set_to(*these: Fault) -> Callable[[], None]:
            return lambda: setattr(faults, "faults", these)

        mute = set_to(Fault(do=Do.HANG_UP, service="sqs", seconds=8))
        made = Silence(workers=workers, silence=mute, speak=set_to(), go_away=mute)
    else:
        made = through_tcp(workers)
    yield made
    made.workers.end_workers()
    made.workers.app.close()


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_silent_broker_ends_readiness_then_liveness_and_both_come_back(silence: Silence, pool: str) -> None:
    # given
    worker = silence.workers.start(pool)
    ready = silence.workers.health()
    alive = ready.with_suffix(".live")
    # when
    silence.silence()
    # then
    until(lambda: not ready.exists(), "not ready")
    until(lambda: late(alive), "not alive")
    assert worker.running
    # and when it speaks again
    silence.speak()
    until(lambda: not late(alive), "alive again")
    until(ready.exists, "ready again")
    silence.workers.publish("nap", 0)
    silence.workers.wait_for("ended")


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_broker_that_is_away_ends_readiness_and_not_yet_liveness(
    workers_on_redis: Workers, through_tcp: Callable[[Workers], Silence], pool: str
) -> None:
    # given: nobody listens any more, and there is more than enough time until that would end the worker
    broker = through_tcp(workers_on_redis)
    worker = broker.workers.start(pool)
    ready = broker.workers.health()
    broker.go_away()
    until(lambda: not ready.exists(), "not ready")
    # when / then: it goes on to say that it is alive
    for _ in range(5):
        last = beaten(ready.with_suffix(".live"))
        until(partial(newer, ready.with_suffix(".live"), last), "another beat")
    assert not ready.exists()
    # and when there is somebody again
    broker.speak()
    until(ready.exists, "ready again")
    assert worker.running
    broker.workers.end_workers()


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_stopped_worker_lets_both_files_grow_old(workers_on_redis: Workers, pool: str) -> None:
    # given
    worker = workers_on_redis.start(pool)
    ready = workers_on_redis.health()
    assert worker.handle is not None
    # when
    worker.handle.send_signal(signal.SIGSTOP)
    # then
    until(lambda: late(ready) and late(ready.with_suffix(".live")), "old")
    # and when it goes on
    worker.handle.send_signal(signal.SIGCONT)
    until(lambda: not late(ready) and not late(ready.with_suffix(".live")), "young again")


def test_a_worker_whose_slots_are_all_taken_stays_ready(workers: Workers) -> None:
    # given: it asks for no messages now, but it renews its leases
    workers.more = {"MILLRACE_READY_POLL_S": str(READY_S), "MILLRACE_LIVE_POLL_S": str(LIVE_S)}
    workers.start("prefork", concurrency=1)
    ready = workers.health()
    # when
    workers.publish("nap", READY_S + 3)
    workers.wait_for("began")
    # then
    until(lambda: not ready.exists() or bool(workers.events("ended")), "the end")
    assert workers.events("ended")
    assert ready.exists()
