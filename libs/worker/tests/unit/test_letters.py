"""A dead letter holds a message whole, and tells nothing of it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from kombu.message import Message

from millrace.contracts.base import now
from millrace.worker.checks import Unusable, check
from millrace.worker.dead_letters import DeadLetter, Why, letter_of, letter_of_frame, task_name
from millrace.worker.frames import framed, read

MOMENT = datetime(2026, 1, 31, tzinfo=UTC)
SENT = {"task": "nlp.gone", "blob": b"\xff", "since": MOMENT, "half": "\ud800", "name": "Ann"}


def message(body: bytes = b"[]", **parts: Any) -> Message:
    return Message(body=body, content_type="application/json", content_encoding="utf-8", **parts)


def test_headers_properties_and_body_come_back_as_they_were() -> None:
    # given
    properties = {"correlation_id": "c", "priority": 3, "delivery_info": {"routing_key": "nlp"}, "delivery_tag": "t"}
    # when
    letter = letter_of(message(b"\x00\xff", headers=SENT, properties=properties), Why.UNKNOWN_TASK, "nlp", "nlp@host")
    back = DeadLetter.model_validate_json(letter.model_dump_json())
    # then
    assert back == letter and back.content == b"\x00\xff"
    assert back.parts == {
        "content_type": "application/json", "content_encoding": "utf-8", "headers": SENT,
        "properties": {"correlation_id": "c", "priority": 3},
    }  # fmt: skip


def test_a_body_that_was_decompressed_does_not_say_that_it_is_compressed() -> None:
    import zlib

    # given
    packed = message(zlib.compress(b"[]"), headers={"compression": "application/x-gzip"})
    # when
    letter = letter_of(packed, Why.FOREIGN, "nlp", "")
    # then
    assert (letter.content, letter.parts["headers"]) == (b"[]", {})


def test_a_body_that_could_not_be_decompressed_still_says_so() -> None:
    letter = letter_of(message(b"nope", headers={"compression": "application/x-gzip"}), Why.UNREADABLE, "nlp", "")
    assert (letter.content, letter.parts["headers"]) == (b"nope", {"compression": "application/x-gzip"})


@pytest.mark.parametrize("name", [None, 5, ["nlp.gone"], "", "ann@example.org", "x" * 200, "two words"])
def test_only_a_name_is_told_as_the_task(name: Any) -> None:
    assert task_name({"task": name}) is None
    assert task_name({"task": "nlp.gone"}) == "nlp.gone"


def test_a_message_that_came_by_itself_has_the_same_id_whenever_it_is_read() -> None:
    # given
    frame = b"nobody's"
    # when
    letters = [letter_of_frame(frame, framed(frame.decode()), Why.FOREIGN, "", now()) for _ in range(2)]
    # then
    assert letters[0].id == letters[1].id
    assert letters[0].content == frame and letters[0].framed
    assert letters[0].parts["headers"] == {}


def test_a_message_that_came_by_itself_says_what_its_envelope_says() -> None:
    # given
    frame = json.dumps({
        "body": base64.b64encode(b"[]").decode(), "headers": {"task": "nlp.gone"}, "content-type": "application/json",
        "properties": {"delivery_tag": "t", "delivery_info": {}, "correlation_id": "c"},
    })  # fmt: skip
    # when
    letter = letter_of_frame(frame.encode(), read(frame), Why.RECEIVED_TOO_OFTEN, "nlp", MOMENT, "m1")
    # then
    assert (letter.id, letter.task, letter.queue, letter.at) == ("dl_m1", "nlp.gone", "nlp", MOMENT)
    assert letter.parts["properties"] == {"correlation_id": "c"}


def test_a_task_that_is_in_no_catalogue_may_take_what_it_likes() -> None:
    check(message(b'[[1], {"x": 2}, null]', headers={"task": "some.task", "id": "x", "timelimit": [None, 5]}))


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, b"[[], {}, {}]"), ({"id": 5}, b"[[], {}, {}]"), ({"id": "x"}, b"{}"), ({"id": "x"}, b"[[], {}]")],
)
def test_what_is_no_task_message_is_foreign(headers: dict[str, Any], body: bytes) -> None:
    with pytest.raises(Unusable) as caught:
        check(message(body, headers={"task": "some.task", **headers}))
    assert caught.value.why is Why.FOREIGN
