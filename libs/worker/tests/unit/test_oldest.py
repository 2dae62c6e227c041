"""How long the oldest message has waited, by what is known."""

import json

import pytest

from millrace.worker.load.oldest import oldest_s, sent_of

AT = 1_800_000_000.0


@pytest.mark.parametrize(
    ("depth", "empty_at", "begun", "seen_at", "expected"),
    [
        (0, None, None, AT - 50, 0.0),
        (3, AT - 30, None, AT - 25, 30.0),
        (3, None, AT - 20, AT - 25, 20.0),
        (3, AT - 30, AT - 20, AT - 25, 20.0),
        (3, AT - 10, AT - 20, AT - 8, 10.0),
        (3, None, None, AT - 25, 25.0),
        (3, None, AT + 40, AT - 25, 0.0),
    ],
    ids=["empty", "seen empty", "begun", "begun later", "empty later", "only seen", "a clock that is ahead"],
)
def test_the_oldest_came_after_the_last_that_is_known_to_be_gone(
    depth: int, empty_at: float | None, begun: float | None, seen_at: float, expected: float
) -> None:
    assert oldest_s(depth, AT, empty_at=empty_at, begun=begun, seen_at=seen_at) == expected


def frame(headers: object) -> bytes:
    return json.dumps({"body": "e30=", "headers": headers}).encode()


def test_a_frame_says_when_it_was_sent() -> None:
    assert sent_of(frame({"sent_at": AT - 12.5}), AT) == AT - 12.5
    assert sent_of(frame({"sent_at": AT + 30}), AT) == AT


@pytest.mark.parametrize(
    "given",
    [
        b"", b"not json", b"[]", b"[" * 100_000, frame(None), frame([]), frame({}), frame({"sent_at": "soon"}),
        frame({"sent_at": None}), frame({"sent_at": AT + 61}), frame({"sent_at": AT - 90_000}),
        frame({"sent_at": 1e400}), frame({"sent_at": -1e300}),
    ],
)  # fmt: skip
def test_a_frame_that_says_nothing_or_what_cannot_be_says_nothing(given: bytes) -> None:
    assert sent_of(given, AT) is None
