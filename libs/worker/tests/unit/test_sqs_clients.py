"""A process speaks to SQS through one client, whatever number of queues and connections it has."""

import os
from typing import Any

import pytest
from kombu import Connection
from kombu.transport.SQS import UndefinedQueueException

from millrace.worker import sqs

QUEUES = ("nlp", "analytics")


def channel(key: str = "key", **config: Any) -> Any:
    options = {
        "region": "eu-central-1",
        "client-config": config,
        "predefined_queues": {name: {"url": f"http://127.0.0.1:9/0/{name}"} for name in QUEUES},
    }
    return Connection(f"sqs://{key}:secret@", transport=sqs.Transport, transport_options=options).default_channel


def test_all_queues_of_all_connections_share_a_client() -> None:
    # when
    found = {id(each.sqs(queue=name)) for each in (channel(), channel()) for name in QUEUES}
    # then
    assert len(found) == 1


def test_who_asks_otherwise_has_another_client() -> None:
    # when
    found = [channel().sqs(), channel("another").sqs(), channel(read_timeout=7).sqs(), channel().lease_client()]
    # then
    assert len(set(map(id, found))) == len(found)
    assert found[2].meta.config.read_timeout == 7
    assert found[3].meta.config.read_timeout == sqs.Channel.release_client_config.read_timeout


def test_a_forked_child_has_another_client(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    parents = channel().sqs()
    # when: what a fork changes
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    # then
    assert channel().sqs() is not parents


def test_a_queue_that_is_none_of_ours_has_no_client() -> None:
    with pytest.raises(UndefinedQueueException):
        channel().sqs(queue="elsewhere")
