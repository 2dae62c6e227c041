"""Rows to records: what is set aside, what refuses the file."""

from datetime import UTC, datetime

import pytest

from millrace.contracts.records import Rating, Scale
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options, Parsed

TOLD = Options(mapping={"text": "review", "rating": "stars", "created_at": "date"}, scale="stars5")


def _parse(text: str, options: Options | None = None) -> Parsed:
    return parse(text.encode(), "text/csv", options=options)


def test_a_row_becomes_a_record() -> None:
    parsed = _parse(
        "id,created_at,title,review,stars,channel,customer,thread,role,plan\n"
        "a7,2024-01-05T10:00:00+01:00,Nice,Warm and soft coat,5,web,c-1,t-1,End-user,pro\n"
        "a8,,,Sorry to hear that,,web,c-1,t-1,Agent,\n"
    )
    first, second = parsed.records
    assert (first.record_id, first.title, first.text) == ("a7", "Nice", "Warm and soft coat")
    assert first.rating == Rating(scale=Scale.STARS5, value=5)
    assert first.created_at == datetime(2024, 1, 5, 9, tzinfo=UTC)
    assert (first.channel, first.customer_ref, first.thread_ref) == ("web", "c-1", "t-1")
    assert (first.author_role, first.attrs) == ("customer", {"plan": "pro"})
    assert (second.author_role, second.rating, second.created_at, second.attrs) == ("agent", None, None, {})


def test_rows_that_say_nothing_are_set_aside_however_many() -> None:
    parsed = _parse("review,stars,city\ngood coat here,5,Ulm\n,,Bonn\nN/A,n/a,Kiel\n")
    assert [record.record_id for record in parsed.records] == ["r000001"]
    assert [(fault.row, fault.reason) for fault in parsed.set_aside] == [
        (2, "neither text nor rating"),
        (3, "neither text nor rating"),
    ]


def test_at_most_twenty_rows_are_listed_and_all_are_counted() -> None:
    parsed = _parse("review,stars,city\ngood coat here,5,Ulm\n" + ",,Bonn\n" * 30)
    assert (len(parsed.set_aside), parsed.set_aside_total) == (20, 30)


def test_a_row_with_an_unreadable_cell_is_set_aside() -> None:
    # given 20 rows of which one has a rating off its scale
    good = "good coat here,5,2024-01-05\n" * 19
    # when it is parsed
    parsed = _parse("review,stars,date\n" + good + "secret words,9,2024-01-05\n")
    # then the row is set aside, and its reason does not quote it
    assert len(parsed.records) == 19
    fault = parsed.set_aside[0]
    assert (fault.row, fault.field, fault.reason) == (20, "rating", "the rating is not a number on its scale")


@pytest.mark.parametrize(
    ("broken", "field"),
    [("bad,ten,2024-01-05\n", "rating"), ("bad,5,2024-99-05\n", "created_at"), ("bad,but,5,2024-01-05\n", "")],
)
def test_mostly_unreadable_rows_refuse_the_file_with_the_rows(broken: str, field: str) -> None:
    with pytest.raises(BadFile) as caught:
        _parse("review,stars,date\n" + "good coat here,5,2024-01-05\n" + broken * 2, TOLD)
    assert caught.value.code == "unreadable_rows"
    assert [(fault.row, fault.field) for fault in caught.value.errors] == [(2, field), (3, field)]


def test_up_to_half_of_the_rows_may_be_unreadable() -> None:
    parsed = _parse("review,stars,date\n" + "good coat here,5,2024-01-05\n" * 2 + "bad,5,2024-99-05\n" * 2, TOLD)
    assert (len(parsed.records), parsed.set_aside_total) == (2, 2)


def test_a_mapped_column_that_cannot_be_read_refuses_the_file() -> None:
    with pytest.raises(BadFile) as caught:
        _parse("review,when\ngood,yesterday\nbad,today\n", Options(mapping={"created_at": "when"}))
    assert caught.value.code == "unreadable_rows"


def test_a_file_of_rows_that_say_nothing_is_refused() -> None:
    with pytest.raises(BadFile) as caught:
        _parse("review,stars,city\n,,Ulm\n,,Bonn\n", Options(mapping={"text": "review"}))
    assert caught.value.code == "no_usable_rows"


def test_repeated_record_ids_get_a_suffix() -> None:
    rows = "".join(f"i{number},text {number}\n" for number in range(20)) + "i3,other\n"
    parsed = _parse("id,review\n" + rows)
    assert [record.record_id for record in parsed.records][-2:] == ["i19", "i3-2"]


def test_missing_ids_are_the_row_number() -> None:
    parsed = _parse("review\ngood\n\nbad thing\n")
    assert [record.record_id for record in parsed.records] == ["r000001", "r000003"]


def test_a_value_too_long_for_its_field_sets_the_row_aside() -> None:
    rows = "".join(f"c{number},text {number}\n" for number in range(39)) + "c" * 300 + ",last text\n"
    parsed = _parse("who,review\n" + rows, Options(mapping={"customer_ref": "who"}))
    assert len(parsed.records) == 39
    assert (parsed.set_aside[0].row, parsed.set_aside[0].field) == (40, "customer_ref")
    assert "ccc" not in parsed.set_aside[0].reason


def test_a_guessed_order_of_day_and_month_is_said() -> None:
    parsed = _parse("date,review\n3/4/2024,good\n")
    assert parsed.records[0].created_at == datetime(2024, 3, 4, tzinfo=UTC)
    assert parsed.notes == ("dates read month first, by guess: no date of the file tells day from month",)
