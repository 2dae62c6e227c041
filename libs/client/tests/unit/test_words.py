from datetime import UTC, datetime

import pytest

from millrace.client.views import words
from millrace.contracts.insights import Estimate
from millrace.contracts.outcome import Coverage


def test_text_of_others_cannot_steer_the_terminal() -> None:
    # given: an escape sequence, a line break, a bell and an override of the writing direction
    hostile = "a\x1b[31mb\r\nc\x07d\u202ee\x9b1m"

    # when / then
    assert words.plain(hostile) == "a\ufffd[31mb c\ufffdd\ufffde\ufffd1m"


def test_ordinary_text_is_left_as_it_is() -> None:
    assert words.plain("Größe [M] · 尺寸  très 👍") == "Größe [M] · 尺寸  très 👍"


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0 %"), (0.034, "3.4 %"), (0.5, "50 %"), (1, "100 %"), (-0.05, "-5.0 %")]
)
def test_percent(share: float, shown: str) -> None:
    assert words.percent(share) == shown


def test_coverage_is_never_whole_while_something_is_missing() -> None:
    assert words.coverage(Coverage(seen=9_999, total=10_000)) == "9,999 of 10,000 (99 %)"
    assert words.coverage(Coverage(seen=10_000, total=10_000)) == "10,000 of 10,000 (100 %)"
    assert words.coverage(Coverage(seen=0, total=0)) == "0 of 0 (100 %)"
    assert words.coverage(None) == "-"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(42.5, "42.5 s"), (119, "119.0 s"), (450, "7.5 min"), (10_800, "3.0 h"), (181_440, "2.1 days")],
)
def test_duration(value: float, shown: str) -> None:
    assert words.duration(value) == shown


def test_scale_with_its_bounds_and_a_scale_of_a_newer_release() -> None:
    assert words.scale("nps") == "nps, 0 to 10"
    assert words.scale("smileys") == "smileys"


def test_numbers_and_moments() -> None:
    estimate = Estimate(value=-0.21, low=-0.27, high=0.15, n=204)
    assert words.interval(estimate, "+.2f") == "-0.27 to +0.15"
    assert words.interval(estimate, "+.0f", 100) == "-27 to +15"
    assert words.level(estimate) == "95 % interval"
    assert words.moment(datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)) == "2026-01-31 12:00:05 UTC"
    assert words.count(1, "try", "tries") == "1 try"
    assert words.count(2_000, "record") == "2,000 records"
    assert words.seconds(6.418) == "6.42 s"
    assert words.seconds(75.2) == "75 s"
