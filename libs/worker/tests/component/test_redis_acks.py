"""A worker that could not acknowledge a message goes on with the next one."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from redis import Redis
from redis.exceptions import ConnectionError as RedisGone

from millrace.local.servers import Server
from millrace.worker.connection import use_our_transports

QUEUE = Queue("acks", Exchange("acks", type="direct"), "acks")


@pytest.fixture
def channel(own_redis: Server) -> Iterator[Any]:
    """A channel of our transport that takes one message at a time, with one message in its queue."""
    use_our_transports()
    with Connection(own_redis.url) as connection:
        opened: Any = connection.channel()
        opened.basic_qos(0, 1, False)
        connection.Producer(opened).publish({}, exchange=QUEUE.exchange, routing_key="acks", declare=[QUEUE])
        yield opened


def take(channel: Any) -> Any:
    message = QUEUE.bind(channel).get()
    assert message is not None
    assert not channel.qos.can_consume()
    return message


def test_an_acknowledgement_over_a_connection_that_was_cut_is_made_over_a_new_one(
    own_redis: Server, channel: Any
) -> None:
    # given
    message = take(channel)
    with Redis.from_url(own_redis.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
        # when
        message.ack()
        # then
        assert client.hlen("unacked") == 0
    assert channel.qos.can_consume()


def test_an_acknowledgement_that_cannot_be_made_does_not_keep_the_next_message_away(
    own_redis: Server, channel: Any
) -> None:
    # given
    message = take(channel)
    own_redis.process.kill()
    # when
    with pytest.raises(RedisGone):
        message.ack()
    # then
    assert channel.qos.can_consume()
