"""Announced changes of runs: whoever listens hears of them, and who writes is never held up by them."""

import socket

import pytest
from redis import Redis

from millrace.local.servers import Server
from millrace.storage.announcing import Announcer, AnnouncingRuns, channel, connect_announcer
from millrace.storage.connect import Stores
from millrace.storage.errors import Conflict
from millrace.storage.memory import MemoryRuns
from millrace.testing.factories import run_record


def test_a_change_is_announced_with_its_revision_and_nothing_else(stores: Stores, redis: "Redis") -> None:
    # given
    record = run_record()
    stores.runs.create(record)
    heard = redis.pubsub()  # type: ignore[no-untyped-call]
    heard.subscribe(channel(record.tenant, record.run_id))
    assert heard.get_message(timeout=5) is not None
    # when
    stores.runs.replace(record)
    # then
    message = heard.get_message(timeout=5)
    assert message is not None
    assert (message["type"], message["data"]) == ("message", b"1")
    heard.close()


def test_a_write_that_is_lost_to_another_is_not_announced(redis_server: Server, redis: "Redis") -> None:
    # given
    runs, record = AnnouncingRuns(MemoryRuns(), connect_announcer(redis_server.url)), run_record()
    runs.create(record)
    runs.replace(record)
    before = redis.info("commandstats")["cmdstat_publish"]["calls"]
    # when
    with pytest.raises(Conflict):
        runs.replace(record)
    # then
    assert redis.info("commandstats")["cmdstat_publish"]["calls"] == before


def test_without_redis_writes_go_on_and_soon_do_not_even_try() -> None:
    # given: somebody takes connections, and never answers
    with socket.create_server(("127.0.0.1", 0)) as hole:
        client = connect_announcer(f"redis://127.0.0.1:{hole.getsockname()[1]}/0").client
        runs, record = AnnouncingRuns(MemoryRuns(), Announcer(client, clock=lambda: 100.0)), run_record()
        runs.create(record)
        # when
        for _ in range(50):
            record = runs.replace(record)
        # then
        assert record.revision == 50
        hole.setblocking(False)
        hole.accept()[0].close()
        with pytest.raises(BlockingIOError):
            hole.accept()
