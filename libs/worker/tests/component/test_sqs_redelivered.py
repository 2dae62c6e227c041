"""A message that SQS delivers again says so, as it does on every other broker."""

import time
from typing import Any

from millrace.testing.nap_app import QUEUE
from millrace.testing.workers import PATIENCE_S, Workers


def get(channel: Any) -> Any:
    """The next message, which SQS may take a moment to show."""
    give_up = time.monotonic() + PATIENCE_S
    while (message := channel.basic_get(QUEUE)) is None:
        assert time.monotonic() < give_up, "no message came"
        time.sleep(0.05)
    return message


def test_a_message_knows_that_it_was_received_before(workers_on_sqs: Workers) -> None:
    # given
    workers_on_sqs.publish("nap", 0)
    with workers_on_sqs.app.connection_for_read() as connection:
        channel = connection.default_channel
        first = get(channel)
        # when: whoever had it hands it back
        channel._restore(first)
        second = get(channel)
        # then
        assert [each.delivery_info["redelivered"] for each in (first, second)] == [False, True]
        assert first.headers["id"] == second.headers["id"]
        channel.basic_ack(second.delivery_tag)
