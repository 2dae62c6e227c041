"""Dead letters over real brokers and a real worker: what cannot be used lands there once, and the worker goes on."""

import base64
import json
from typing import Any

import pytest
from libs.worker.tests.component.desk import PATIENCE_S, QUEUE, Desk, Frames
from redis import Redis

from millrace.contracts import catalogue, routing
from millrace.contracts.messages import Deliver
from millrace.local.process import wait_until
from millrace.storage.provision import MAX_RECEIVES
from millrace.testing.factories import run_record
from millrace.worker.dead_letters import DeadLetter, Why
from millrace.worker.dead_queue import NoWayBack, dead_letter_queue
from millrace.worker.publish import signature
from millrace.worker.signing import HEADER, SENT_AT

HEADERS = {"task": "callback.done", "id": "x"}
DELIVER = {"task": "callback.deliver", "id": "x"}
PICKLE = {"content_type": "application/x-python-serialize", "content_encoding": "binary"}


def body(kwargs: dict[str, Any]) -> bytes:
    return json.dumps([[], kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def deliver(**changes: Any) -> dict[str, Any]:
    message = Deliver(tenant="acme", run_id=run_record().run_id, event_id="evt_1").model_dump(mode="json")
    return {"message": {**message, **changes}}


def unsigned(letter: DeadLetter) -> dict[str, Any]:
    """Its headers as they were before they were signed and stamped."""
    return {name: value for name, value in letter.parts["headers"].items() if name not in (HEADER, SENT_AT)}


KINDS: list[tuple[Why, bytes, dict[str, Any], dict[str, Any]]] = [
    (Why.UNKNOWN_TASK, body({}), {**HEADERS, "task": "callback.undone"}, {}),
    (Why.UNREADABLE, b"{nope", HEADERS, {}),
    (Why.UNREADABLE, b"\xff\xfe\x00", HEADERS, {}),
    (Why.WRONG_CONTENT_TYPE, b"\x80\x04N.", HEADERS, PICKLE),
    (Why.FOREIGN, b"42", HEADERS, {}),
    (Why.FOREIGN, b'{"task": "callback.done", "id": "x", "args": ["no"]}', {}, {}),
    (Why.FOREIGN, b'{"hello": "world"}', {}, {}),
    (Why.FOREIGN, body({}), {"task": ["callback.done"], "id": "x"}, {}),
    (Why.FOREIGN, body({"key": "no"}), {**HEADERS, "timelimit": "soon"}, {}),
    (Why.BAD_ARGUMENTS, body({"run": "no"}), DELIVER, {}),
    (Why.BAD_ARGUMENTS, body(deliver(tenant="No Such")), DELIVER, {}),
    (Why.FUTURE_VERSION, body(deliver(version=2)), DELIVER, {}),
]

FRAMES = [
    b"hello world", b"abcd", b'"a string"', b"[1, 2]", b"{}", b'{"properties": 5}', b'{"properties": {}, "body": 1}',
    base64.b64encode(b"\xff\xfe\x00"), json.dumps({"__type__": "none", "__value__": 1}).encode(), b"[" * 100_000,
    b'{"body": "x", "headers": {}, "properties": {"delivery_tag": "t", "delivery_info": {}, "body_encoding": "rot13"}}',
]  # fmt: skip


def test_what_cannot_be_used_lands_among_the_dead_letters_once_and_whole(desk: Desk) -> None:
    # given
    sent = [(why, content, headers) for why, content, headers, _ in KINDS]
    # when
    for _, content, headers, options in KINDS:
        desk.publish(content, headers, **options)
    found = desk.letters()
    # then
    assert [(each.reason, each.content, unsigned(each)) for each in found] == sent
    assert {(each.queue, each.framed, each.worker.partition("@")[0]) for each in found} == {(QUEUE, False, "celery")}
    assert len({each.id for each in found}) == len(KINDS)


def test_bytes_that_no_library_wrote_end_no_worker(desk: Desk, lay: Frames) -> None:
    # given
    assert desk.worker.handle is not None
    # when
    for frame in FRAMES:
        lay(QUEUE, frame)
    found = desk.letters()
    # then
    assert [each.content for each in found] == FRAMES
    assert {(each.reason, each.queue, each.framed) for each in found} == {(Why.UNREADABLE, QUEUE, True)}
    assert desk.worker.handle.poll() is None


def test_a_task_may_put_its_own_message_aside(desk: Desk) -> None:
    # given
    message = Deliver.model_validate(deliver(event_id="evt_of_a_later_release")["message"])
    # when
    signature(desk.app, catalogue.DELIVER, message, "later").apply_async()
    (letter,) = desk.letters()
    desk.send_back()
    (again,) = desk.letters()
    # then
    assert (letter.reason, letter.queue, letter.task) == (Why.UNREADABLE_RECORD, QUEUE, catalogue.DELIVER.name)
    assert json.loads(letter.content)[:2] == [[], {"message": message.model_dump(mode="json")}]
    assert (again.content, again.parts["headers"]) == (letter.content, letter.parts["headers"])


def test_a_message_of_the_contract_is_no_dead_letter(desk: Desk) -> None:
    # given
    message = Deliver.model_validate(deliver(event_id="good")["message"])
    # when
    signature(desk.app, catalogue.DELIVER, message, "good").apply_async()
    # then
    desk.wait("good")
    assert desk.letters() == []


def test_a_letter_that_is_sent_back_is_the_message_that_it_was(desk: Desk) -> None:
    # given
    headers = {**HEADERS, "task": "callback.undone", "deep": {"list": [1, None, "ü"]}}
    desk.publish(body({"key": "no"}), headers, correlation_id="c1", priority=3)
    (first,) = desk.letters()
    # when: it comes again, to a worker that still lacks the task
    desk.send_back()
    (second,) = desk.letters()
    # then
    assert (second.content, second.parts) == (first.content, first.parts)
    assert (unsigned(second), second.parts["properties"]["correlation_id"]) == (headers, "c1")
    assert second.id != first.id


def test_a_frame_that_is_sent_back_is_what_the_broker_held(desk: Desk, lay: Frames) -> None:
    # given
    lay(QUEUE, b" not  JSON ")
    (first,) = desk.letters()
    # when
    desk.send_back()
    (second,) = desk.letters()
    # then
    assert (second.content, second.framed, second.id != first.id) == (b" not  JSON ", True, True)


def test_a_message_that_was_put_aside_runs_when_it_is_sent_back_and_what_was_amiss_is_mended(desk: Desk) -> None:
    # given
    message = Deliver.model_validate(deliver(event_id="evt_of_a_later_release")["message"])
    signature(desk.app, catalogue.DELIVER, message, "upgrade").apply_async()
    assert [letter.reason for letter in desk.letters()] == [Why.UNREADABLE_RECORD]
    # when
    desk.redis.set("upgraded", 1)
    desk.send_back()
    # then
    desk.wait(message.event_id)
    assert desk.letters() == []


def test_a_letter_that_was_altered_is_refused_when_it_comes_back(desk: Desk) -> None:
    # given
    desk.publish(body({"key": "altered"}), {**HEADERS, "id": "y"}, content_type="application/x-other")
    (letter,) = desk.letters()
    # when
    desk.send_back(original=letter.original.replace("application/x-other", "application/json"))
    # then
    (again,) = desk.letters()
    assert (letter.reason, again.reason) == (Why.WRONG_CONTENT_TYPE, Why.BAD_SIGNATURE)
    assert not desk.redis.exists("done:altered")


def test_looking_changes_nothing(desk: Desk) -> None:
    # given
    for number in range(15):
        desk.publish(b"%d" % number, HEADERS)
    found = desk.letters()
    # when
    with dead_letter_queue(desk.settings) as queue:
        some = queue.read(5)
    with dead_letter_queue(desk.settings) as queue:
        again = queue.read(100)
    # then
    assert [letter.content for letter in again] == [b"%d" % number for number in range(15)]
    assert again == found
    assert len(some) == 5 and {letter.id for letter in some} <= {letter.id for letter in found}


def test_a_letter_of_no_queue_of_ours_stays(desk: Desk) -> None:
    # given
    desk.publish(b"42", HEADERS)
    (letter,) = desk.letters()
    # when / then
    with pytest.raises(NoWayBack, match="elsewhere"):
        desk.send_back(queue="elsewhere")
    assert desk.letters() == [letter]


def test_what_cannot_be_put_aside_is_kept_until_it_can(desk: Desk) -> None:
    # given: a dead-letter queue that takes nothing
    if not desk.settings.broker_url.startswith("redis"):
        pytest.skip("only Redis can be made to refuse one queue and nothing else")
    with Redis.from_url(desk.settings.broker_url) as broker:
        broker.set(routing.DEAD_LETTERS, "no list")
        # when
        desk.publish(b"42", HEADERS)
        wait_until(lambda: "dead_letter_failed" in desk.worker.last_lines(500), desk.worker, PATIENCE_S)
        broker.delete(routing.DEAD_LETTERS)
        wait_until(lambda: broker.llen(routing.DEAD_LETTERS) == 1, desk.worker, PATIENCE_S)
    # then
    (letter,) = desk.letters()
    assert letter.content == b"42"


def test_what_sqs_moved_by_itself_is_read_and_sent_back_too(desk: Desk) -> None:
    # given: a message that was delivered too often, in a queue that nobody consumes
    if not desk.settings.broker_url.startswith("sqs"):
        pytest.skip("only SQS moves messages by itself")
    url = f"{desk.settings.sqs_queue_url}{routing.UNROUTED}"
    desk.publish(body({"key": "no"}), HEADERS, queue=routing.UNROUTED)
    with desk.app.connection_for_write() as connection:
        sqs = connection.default_channel.sqs(routing.UNROUTED)
        for _ in range(MAX_RECEIVES + 1):
            sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
        # when
        (letter,) = desk.letters()
        desk.send_back()
        # then
        assert (letter.reason, letter.queue) == (Why.RECEIVED_TOO_OFTEN, routing.UNROUTED)
        assert (letter.task, unsigned(letter)) == ("callback.done", HEADERS)
        assert desk.letters() == []
        (back,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert back["Body"].encode() == letter.content
        sqs.delete_message(QueueUrl=url, ReceiptHandle=back["ReceiptHandle"])
