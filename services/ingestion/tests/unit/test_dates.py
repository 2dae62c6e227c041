"""Dates: forms, zones, the order of day and month."""

from datetime import UTC, datetime

import pytest

from millrace.ingestion.domain.dates import Order, day_month_order, read_date


def _at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-01-05", _at(2024, 1, 5)),
        ("2024-01-05T10:32:11Z", _at(2024, 1, 5, 10, 32, 11)),
        ("2024-01-05T10:32:11+02:00", _at(2024, 1, 5, 8, 32, 11)),
        ("2024-01-05 10:32:11 UTC", _at(2024, 1, 5, 10, 32, 11)),
        ("2024/1/5 9:05", _at(2024, 1, 5, 9, 5)),
        ("1/5/2024 9:05 PM", _at(2024, 1, 5, 21, 5)),
        ("1/5/24, 12:05 AM", _at(2024, 1, 5, 0, 5)),
        ("Jan 5, 2024", _at(2024, 1, 5)),
        ("January 5th, 2024 at 10:32", _at(2024, 1, 5, 10, 32)),
        ("5 Jan 2024", _at(2024, 1, 5)),
        ("5-Jan-2024", _at(2024, 1, 5)),
        ("Fri, 05 Jan 2024 10:32:11 +0100", _at(2024, 1, 5, 9, 32, 11)),
        ("5. Januar 2024", _at(2024, 1, 5)),
        ("5 de enero de 2024", _at(2024, 1, 5)),
        ("5 janvier 2024", _at(2024, 1, 5)),
        ("2024-01-05 10:00 EST", _at(2024, 1, 5, 15)),
        ("2024-01-05 10:00 GMT+2", _at(2024, 1, 5, 8)),
    ],
)
def test_a_date_is_read_in_the_forms_that_exports_use(cell: str, moment: datetime) -> None:
    assert read_date(cell, Order()) == moment


@pytest.mark.parametrize(
    "cell",
    ["", "3 weeks ago", "0001-01-01", "9999-12-31T23:59:59-12:00", "2024-13-01", "31/12/2024", "Foo 5, 2024", "12345",
     "1704448800", "2024-01-05 10:00 XYZ", "1/5/202", "2024-01-05" + " " * 100],
)  # fmt: skip
def test_what_is_no_date_of_our_time_is_not_read(cell: str) -> None:
    assert read_date(cell, Order(day_first=False)) is None


@pytest.mark.parametrize("cell", ["1704448800", "1704448800000", "20240105", "45296"])
def test_counted_dates_are_read_where_the_header_promises_dates(cell: str) -> None:
    found = read_date(cell, Order(), numbers=True)
    assert found is not None
    assert found.date().isoformat() == "2024-01-05"


@pytest.mark.parametrize(
    ("cells", "day_first", "told"),
    [
        (["3/4/2024", "13/4/2024"], True, True),
        (["3/4/2024", "3/14/2024"], False, True),
        (["13/4/2024", "14/5/2024", "3/14/2024"], True, True),
        (["1/4/2024", "2/4/2024", "3/4/2024"], True, False),  # three days in April, not three months
        (["4/1/2024", "4/2/2024", "4/3/2024"], False, False),
        (["3/4/2024"], False, False),
        (["3.4.2024"], True, False),
        (["4/4/2024"], False, True),
        (["2024-03-04"], False, True),
    ],
)
def test_day_and_month_are_told_apart_over_the_whole_column(cells: list[str], day_first: bool, told: bool) -> None:
    assert day_month_order(cells) == Order(day_first=day_first, told=told)
