"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from millrace.callback.domain.schedule import PATIENCE, RETRIES, next_wait, retry_after_s

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY_S = 86_400


def test_the_first_retries_come_within_a_runs_budget_and_the_last_after_days() -> None:
    # when
    waits = [next_wait(made, jitter=0) for made in range(1, len(RETRIES) + 1)]
    # then: Standard Webhooks 1.0.0 spreads its retries over 75 h 35 min 5 s
    assert waits[:2] == [timedelta(seconds=1), timedelta(seconds=2)]
    whole = sum((wait for wait in waits if wait), timedelta())
    assert timedelta(0) <= whole - timedelta(hours=75, minutes=35, seconds=5) < timedelta(seconds=10)
    assert whole * 1.1 < PATIENCE


def test_jitter_spreads_by_a_tenth() -> None:
    assert next_wait(1, jitter=1) == timedelta(seconds=1.1)


def test_after_the_last_retry_it_is_given_up() -> None:
    assert next_wait(len(RETRIES) + 1, jitter=0, asked_s=5) is None


@pytest.mark.parametrize(("asked_s", "wait_s"), [(0, 5), (4, 5), (60, 60), (10**9, DAY_S), (float("inf"), DAY_S)])
def test_a_consumer_is_waited_for_as_it_asks_but_no_longer_than_a_day(asked_s: float, wait_s: float) -> None:
    assert next_wait(3, jitter=0, asked_s=asked_s) == timedelta(seconds=wait_s)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0), ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("", 0.0), ("soon", 0.0), ("-5", 0.0), ("1.5", 0.0), ("9" * 5_000, 999_999_999_999_999.0), ("\u0663", 0.0),
        ("Sun, 99 Mar 99999 12:01:30 GMT", 0.0),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    assert retry_after_s(value, AT) == seconds
