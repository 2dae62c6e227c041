"""A header says when a message was sent, and anybody may have written it."""

from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest

from millrace.worker.tracing import due_at, sent_at

BEGAN = datetime(2026, 5, 4, 12, tzinfo=UTC)


def ago(**lapse: float) -> float:
    return (BEGAN - timedelta(**lapse)).timestamp()


def test_what_was_sent_a_while_ago_was() -> None:
    assert sent_at(ago(seconds=2.5), BEGAN) == BEGAN - timedelta(seconds=2.5)


def test_a_clock_that_is_a_little_ahead_makes_no_wait_below_nothing() -> None:
    assert sent_at(ago(seconds=-50), BEGAN) == BEGAN


@pytest.mark.parametrize(
    "given",
    [None, "yesterday", "1777896000", [], {}, nan, inf, -inf, 1e300, -1e300, 10**400, ago(days=1, seconds=1),
     ago(seconds=-61)],
)  # fmt: skip
def test_what_cannot_be_is_unknown(given: object) -> None:
    assert sent_at(given, BEGAN) is None


@pytest.mark.parametrize(
    ("eta", "seconds"),
    [(None, 10), ("2026-05-04T11:59:53+00:00", 7), ("2026-05-04T13:59:53+02:00", 7), ("2026-05-04T11:59:53", 7),
     ("2026-05-04T11:00:00+00:00", 10), ("2026-05-04T12:30:00+00:00", 0)],
)  # fmt: skip
def test_a_message_that_was_held_back_waits_from_when_it_was_due(eta: str | None, seconds: float) -> None:
    sent = BEGAN - timedelta(seconds=10)
    assert due_at(sent, eta, BEGAN) == BEGAN - timedelta(seconds=seconds)


def test_what_nobody_knows_stays_unknown() -> None:
    assert due_at(None, "2026-05-04T11:59:53+00:00", BEGAN) is None
