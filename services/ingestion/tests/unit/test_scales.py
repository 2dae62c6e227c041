"""Ratings: what a cell says and what scale a column is on."""

import pytest

from millrace.contracts.records import Scale
from millrace.ingestion.domain.scales import Reading, guess_scale, read_rating


@pytest.mark.parametrize(
    ("cell", "value", "out_of"),
    [
        ("4", 4, 0), ("4.5", 4.5, 0), ("4,5", 4.5, 0), ("4/5", 4, 5), ("8 / 10", 8, 10), ("3 out of 5", 3, 5),
        ("Rated 2 out of 5", 2, 5), ("80 %", 80, 100), ("5 stars", 5, 0), ("10 - extremely likely", 10, 0),
        ("1 (very bad)", 1, 0), ("★★★★☆", 4, 5), ("⭐⭐⭐", 3, 0), ("yes", 1, 1), ("Bad", 0, 1), ("-1", -1, 0),
    ],
)  # fmt: skip
def test_a_rating_is_read_in_the_forms_it_is_written(cell: str, value: float, out_of: int) -> None:
    assert read_rating(cell) == Reading(value=value, out_of=out_of)


@pytest.mark.parametrize("cell", ["", "very good indeed", "2024-01-05", "4 5", "five", "1,234,567", "5" * 80])
def test_what_is_no_rating_is_not_read(cell: str) -> None:
    assert read_rating(cell) is None


def _values(*numbers: float) -> list[Reading]:
    return [Reading(value=float(number)) for number in numbers]


@pytest.mark.parametrize(
    ("header", "readings", "scale"),
    [
        ("Liked", _values(0, 1, 1), Scale.BINARY),
        ("Rating", _values(1, 1, 1), Scale.STARS5),
        ("x", _values(1, 5, 3, 4.5), Scale.STARS5),
        ("score", _values(0, 7, 10), Scale.NPS),
        ("NPS", _values(3, 4, 5), Scale.NPS),
        ("How likely are you to recommend us?", _values(2, 9, 10), Scale.NPS),
        ("Recommended IND", _values(1, 1, 0), Scale.BINARY),
        ("score", _values(1, 7, 10), Scale.STARS10),
        ("CSAT", _values(1, 2, 5), Scale.CSAT),
        ("Customer Effort Score", _values(2, 6, 7), Scale.CES),
        ("score", _values(0, 55, 100), Scale.PERCENT),
        ("rating", [Reading(value=90, out_of=100), Reading(value=4, out_of=100)], Scale.PERCENT),
        ("rating", [Reading(value=3, out_of=10), Reading(value=4, out_of=10)], Scale.STARS10),
        ("score", _values(-1, 0.3, 0.9), None),
        ("score", _values(12, 4000), None),
        ("score", [], None),
    ],
)
def test_the_scale_follows_from_header_and_range(header: str, readings: list[Reading], scale: Scale | None) -> None:
    assert guess_scale(header, readings) is scale


def test_one_slip_among_many_does_not_change_the_scale() -> None:
    assert guess_scale("score", _values(*[4] * 99, 55)) is Scale.STARS5


def test_a_header_that_names_a_scale_is_believed_over_values_that_miss_it() -> None:
    assert guess_scale("stars", _values(1, 2, 5, 0, 0)) is Scale.STARS5
