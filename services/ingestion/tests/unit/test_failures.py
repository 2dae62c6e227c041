"""Who failed too often: whom an address stands for, and how long a minute is."""

from dataclasses import dataclass

import pytest

from millrace.ingestion.errors import RateLimited
from millrace.ingestion.failures import WINDOW_S, Failures, client


@dataclass
class Timer:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def test_all_that_is_no_address_stands_for_one() -> None:
    assert client("a" * 30_000) == client("made up") == client("10.0.0.1, 10.0.0.2") == ""
    assert client("192.0.2.7") == client("::ffff:192.0.2.7") == "192.0.2.7"
    assert client("2001:db8:1:2::3") == client("2001:db8:1:2:9::9") != client("2001:db8:1:3::3")


def test_failures_that_go_on_do_not_make_the_minute_longer() -> None:
    # given
    timer = Timer()
    failures = Failures(2, timer)
    failures.count("192.0.2.7")
    timer.at = WINDOW_S - 1
    failures.count("192.0.2.7")
    with pytest.raises(RateLimited):
        failures.check("192.0.2.7")
    # when
    timer.at = WINDOW_S + 1
    # then
    failures.check("192.0.2.7")
