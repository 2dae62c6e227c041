"""What is asked of a run, over a real broker."""

import socket
from typing import Any

from celery import Celery
from redis import Redis

from millrace.contracts.base import now
from millrace.contracts.catalogue import CANCEL, REDRIVE
from millrace.contracts.messages import Cancel, Redrive
from millrace.contracts.run import Ask, RunStatus
from millrace.contracts.services import WorkerClass
from millrace.ingestion.adapters import CeleryAsker
from millrace.ingestion.control import Control
from millrace.local.servers import Server
from millrace.storage.memory import MemoryRuns
from millrace.testing.factories import START, run_record
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.join.redis_store import RedisJoins
from millrace.worker.settings import WorkerSettings

GIVE_UP_S = 30


def app(redis_url: str) -> Celery:
    joins = RedisJoins(Redis.from_url(redis_url))
    return create_app(
        "ingestion", WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=redis_url), WorkerClass.HTTP, joins
    )


def test_a_cancel_and_a_redrive_reach_the_orchestrators_queue(redis_server: Server) -> None:
    # given
    made = app(f"{redis_server.url}/7")
    record = run_record(attempt=2, status=RunStatus.FAILED)
    running = record.model_copy(update={"status": RunStatus.RUNNING})
    # when
    CeleryAsker(made).ask(running.asking(Ask(what="cancel", attempt=2, at=START, reason="a duplicate of Jane Doe's")))
    CeleryAsker(made).ask(record.asking(Ask(what="redrive", attempt=2, at=START, start="report")))
    # then
    with made.connection_for_read() as connection, connection.SimpleQueue(CANCEL.queue) as queue:
        got = [queue.get(timeout=GIVE_UP_S) for _ in range(2)]
        for message in got:
            message.ack()
    head: dict[str, Any] = {"tenant": "acme", "run_id": record.run_id, "attempt": 2}
    assert [message.headers["task"] for message in got] == [CANCEL.name, REDRIVE.name]
    assert Cancel.model_validate(got[0].payload[1]["message"]) == Cancel(**head)
    assert not any("Jane" in str((message.headers, message.payload)) for message in got)
    assert Redrive.model_validate(got[1].payload[1]["message"]) == Redrive(**head, start="report")


def test_a_broker_that_is_away_keeps_nobody_from_asking() -> None:
    # given: a port that was free a moment ago
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{unused.getsockname()[1]}/0"
    runs, record = MemoryRuns(), run_record(status=RunStatus.FAILED)
    runs.create(record)
    # when
    answer = Control(runs=runs, flows=dict, asker=CeleryAsker(app(url))).redrive("acme", record.run_id, "failed")
    # then: the sweep will find it
    (due,) = runs.due(now(), 10)
    found = runs.get("acme", record.run_id).pending
    assert (answer.asked, due.run_id, found and found.what) == ("redrive", record.run_id, "redrive")
