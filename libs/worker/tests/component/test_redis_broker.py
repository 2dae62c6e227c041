"""What was delivered and not acknowledged, on a real Redis: held and put back by the server's clock alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from kombu.transport import redis as kombus
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.local.servers import Server
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.join.store import MemoryJoins
from millrace.worker.redis_broker import Channel, server_time
from millrace.worker.settings import WorkerSettings

BROKER = 8
"""A database of its own on the session's Redis."""
QUEUE = "nlp"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A consumer that was given one message, and the broker behind it."""

    channel: Any
    broker: "Redis"

    @property
    def score(self) -> float:
        """Since when the message is held."""
        return float(self.broker.zrange("unacked_index", 0, -1, withscores=True)[0][1])

    def again(self) -> None:
        """The message is delivered once more, as another."""
        message = next(iter(self.channel.qos._delivered.values()))
        self.channel.qos.append(message, "another")

    def age(self, seconds: float) -> None:
        """As if it had been held for longer."""
        for tag, score in self.broker.zrange("unacked_index", 0, -1, withscores=True):
            self.broker.zadd("unacked_index", {tag: score - seconds})


@pytest.fixture
def held(redis_server: Server) -> Iterator[Held]:
    url = f"{redis_server.url}/{BROKER}"
    app = create_app(
        "held", WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=url), WorkerClass.TASK, MemoryJoins()
    )
    with Redis.from_url(url) as broker, app.connection_for_read() as connection:
        broker.flushdb()
        app.signature("nlp.any", queue=QUEUE).apply_async()
        channel = connection.default_channel
        assert isinstance(channel, Channel)
        channel.basic_get(QUEUE)
        assert broker.llen(QUEUE) == 0
        yield Held(channel=channel, broker=broker)
        channel.qos.restore_unacked_once()
    app.close()


def test_what_is_held_too_long_is_put_back(held: Held) -> None:
    # given
    held.channel.qos.restore_visible()
    assert held.broker.llen(QUEUE) == 0
    # when
    held.age(WorkerSettings(message_secret=MESSAGE_SECRET).visibility_s)
    held.channel.qos.restore_visible()
    # then
    assert held.broker.llen(QUEUE) == 1
    assert held.broker.zcard("unacked_index") == held.broker.hlen("unacked") == 0


def test_a_worker_whose_clock_is_an_hour_ahead_takes_nothing_from_the_others(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    clock = kombus.time
    monkeypatch.setattr(kombus, "time", lambda: clock() + 3600)
    # when
    held.channel.qos.restore_visible()
    # then
    assert held.broker.llen(QUEUE) == 0
    assert held.score == pytest.approx(server_time(held.broker), abs=30)


def test_what_a_worker_with_a_slow_clock_holds_is_not_put_back_at_once(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    clock = kombus.time
    monkeypatch.setattr(kombus, "time", lambda: clock() - 3600)
    # when
    held.again()
    held.channel.qos.restore_visible()
    # then
    assert held.broker.llen(QUEUE) == 0


def test_a_worker_that_was_killed_while_it_restored_stops_nobody(held: Held) -> None:
    # given: kombu's lock, which expires after five minutes
    held.broker.set("unacked_mutex", "of the dead", ex=300)
    held.age(WorkerSettings(message_secret=MESSAGE_SECRET).visibility_s)
    # when
    held.channel.qos.restore_visible()
    # then
    assert held.broker.llen(QUEUE) == 1


def test_a_redis_that_forgot_the_script_is_told_it_again(held: Held) -> None:
    # given
    held.broker.script_flush()
    # when
    held.again()
    # then
    assert held.broker.zcard("unacked_index") == 2
