"""A chord goes out together, and nothing is thought to be out that may not be."""

from collections.abc import Iterator

import pytest
from kombu.exceptions import OperationalError
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.local.servers import Server
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.store import MemoryJoins
from millrace.worker.settings import WorkerSettings


@pytest.fixture
def app(own_redis: Server) -> Iterator[BatchingCelery]:
    with create_app(
        "batches",
        WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=own_redis.url),
        WorkerClass.TASK,
        MemoryJoins(),
    ) as made:
        yield made


def test_messages_of_a_batch_go_out_at_its_end_and_those_after_it_at_once(
    own_redis: Server, app: BatchingCelery
) -> None:
    with Redis.from_url(own_redis.url) as client:
        # when
        with app.batch():
            for number in range(3):
                app.send_task("nlp.annotate", args=[number])
            before = client.llen("nlp")
        # then
        assert (before, client.llen("nlp")) == (0, 3)
        app.send_task("nlp.annotate")
        assert client.llen("nlp") == 4


def test_a_batch_that_the_broker_did_not_take_is_an_error_that_is_tried_again(
    own_redis: Server, app: BatchingCelery
) -> None:
    # given
    app.send_task("nlp.annotate")
    # when / then
    with pytest.raises(OperationalError), app.batch():
        app.send_task("nlp.annotate")
        own_redis.process.kill()
