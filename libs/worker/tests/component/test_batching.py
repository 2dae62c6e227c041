"""A chord goes out together, and nothing is thought to be out that may not be."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError
from redis import Redis

from millrace.contracts.services import WorkerClass
from millrace.local.servers import Server, start_redis
from millrace.local.settings import inherited_whole
from millrace.worker.app import create_app
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.store import MemoryJoins
from millrace.worker.settings import WorkerSettings


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Redis that this test may kill."""
    made = start_redis(tmp_path, inherited_whole())
    yield made
    made.stop()


@pytest.fixture
def app(server: Server) -> Iterator[BatchingCelery]:
    with create_app("batches", WorkerSettings(broker_url=server.url), WorkerClass.TASK, MemoryJoins()) as made:
        yield made


def test_messages_of_a_batch_go_out_at_its_end_and_those_after_it_at_once(server: Server, app: BatchingCelery) -> None:
    with Redis.from_url(server.url) as client:
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
    server: Server, app: BatchingCelery
) -> None:
    # given
    app.send_task("nlp.annotate")
    # when / then
    with pytest.raises(OperationalError), app.batch():
        app.send_task("nlp.annotate")
        server.process.kill()
