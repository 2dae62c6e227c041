"""What a broker may hold, and what of it kombu is given."""

import base64
import json

import pytest

from millrace.worker.frames import FRAME, at_home, framed, read, readable, unlisted

GOOD = {
    "body": base64.b64encode(b"[]").decode(), "content-type": "application/json", "content-encoding": "utf-8",
    "headers": {}, "properties": {"delivery_tag": "t", "body_encoding": "base64", "delivery_info": {"exchange": ""}},
}  # fmt: skip


def content(payload: dict) -> bytes:  # type: ignore[type-arg]
    return base64.b64decode(payload["body"])


def test_a_message_is_read_as_it_is() -> None:
    assert read(json.dumps(GOOD)) == GOOD


@pytest.mark.parametrize("data", [b"", b"nope", b"\xff\xfe", b'"x"', b"5", b"null", b'{"a": 1}', b"[1]", b"[" * 10_000])
def test_anything_else_becomes_the_body_of_a_message_and_can_be_had_back(data: bytes) -> None:
    # when
    payload = unlisted(read(data.decode("utf-8", "surrogateescape")))
    # then
    assert readable(payload)
    assert FRAME in payload["headers"]
    assert content(payload) == data


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("body", None), ("body", "x"), ("headers", None), ("headers", []), ("content-type", 5), ("properties", {}),
        ("content-encoding", {}), ("properties", {**GOOD["properties"], "delivery_info": None}),  # type: ignore[dict-item]
        ("properties", {**GOOD["properties"], "delivery_tag": 1}),  # type: ignore[dict-item]
        ("properties", {**GOOD["properties"], "body_encoding": []}),  # type: ignore[dict-item]
    ],
)  # fmt: skip
def test_no_part_of_a_message_is_believed(part: str, value: object) -> None:
    assert not readable({**GOOD, part: value})


def test_what_kombu_keeps_for_itself_stays_a_list() -> None:
    # when: as its Redis transport keeps what is not acknowledged
    message, exchange, routing_key = read(json.dumps([GOOD, "nlp", "nlp"]))
    # then
    assert (message, exchange, routing_key) == (GOOD, "nlp", "nlp")


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"exchange": "nlp", "routing_key": "nlp"}, {"exchange": "nlp", "routing_key": "nlp"}),
        ({"exchange": "", "routing_key": "nlp"}, {"exchange": "", "routing_key": "nlp"}),
        ({"exchange": "elsewhere", "routing_key": "nlp"}, {"exchange": "", "routing_key": "nlp"}),
        ({}, {"exchange": "", "routing_key": "nlp"}),
    ],
)
def test_a_message_finds_back_to_where_it_was(info: dict[str, str], expected: dict[str, str]) -> None:
    payload = framed("x")
    payload["properties"]["delivery_info"] = info
    assert at_home(payload, "nlp")["properties"]["delivery_info"] == expected
