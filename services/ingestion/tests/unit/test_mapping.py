"""Which column becomes which field, by preset exports, by content and by the producer's word."""

import pytest

from millrace.contracts.api import ColumnMapping
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options


def _mapping(text: str, options: Options | None = None) -> ColumnMapping:
    mapping = parse(text.encode(), "text/csv", options=options).mapping
    assert mapping is not None
    return mapping


HELPDESK = """Ticket ID,Created at,Requester,Requester email,Subject,Description,Satisfaction Score,Via,Priority
41,2024-01-05 10:00:00 UTC,u-7,ann@example.com,Late parcel,Where is my parcel? It is late.,Bad,email,high
42,2024-01-06 11:00:00 UTC,u-8,bob@example.com,Thanks,The parcel came and is lovely.,Good,chat,low
43,2024-01-06 12:00:00 UTC,u-9,eve@example.com,Refund,I still wait for my refund here.,offered,chat,low
"""
APP_STORE = """Package Name,App Version Name,Reviewer Language,Review Submit Date and Time,\
Review Submit Millis Since Epoch,Review Last Update Date and Time,Star Rating,Review Title,Review Text,\
Developer Reply Text
com.example.shop,1.2,en,2024-01-05T10:00:00Z,1704448800000,2024-02-05T10:00:00Z,2,Crashes,It crashes at every start.,\
We are very sorry to hear that.
com.example.shop,1.3,de,2024-01-06T10:00:00Z,1704535200000,2024-02-06T10:00:00Z,5,Super,Das ist eine sehr gute App.,\
Thank you for your kind words.
"""
SURVEY = """Timestamp\tHow likely are you to recommend us to a friend?\tWhat is the main reason for your score?\tPlan
1/31/2024 10:00:05\t9 \tThe delivery was quick and free.\tpro
2/1/2024 11:00:06\t3\tYour support never answered me at all.\tfree
"""


def test_a_helpdesk_export() -> None:
    mapping = _mapping(HELPDESK)
    assert mapping.fields == {
        "text": "Description", "title": "Subject", "rating": "Satisfaction Score", "created_at": "Created at",
        "record_id": "Ticket ID", "thread_ref": "Ticket ID", "customer_ref": "Requester", "channel": "Via",
    }  # fmt: skip
    assert (mapping.scale, mapping.attrs, mapping.ignored) == ("binary", ("Priority",), ("Requester email",))


def test_an_app_store_export() -> None:
    mapping = _mapping(APP_STORE)
    assert mapping.fields == {
        "text": "Review Text", "title": "Review Title", "rating": "Star Rating",
        "created_at": "Review Submit Date and Time", "product": "Package Name", "lang": "Reviewer Language",
    }  # fmt: skip
    assert "Developer Reply Text" in mapping.ignored
    assert "App Version Name" in mapping.attrs


def test_a_survey_export() -> None:
    mapping = _mapping(SURVEY)
    assert mapping.fields == {
        "text": "What is the main reason for your score?",
        "rating": "How likely are you to recommend us to a friend?",
        "created_at": "Timestamp",
    }
    assert (mapping.scale, mapping.delimiter, mapping.attrs) == ("nps", "\t", ("Plan",))


def test_a_file_without_headers_is_mapped_by_content() -> None:
    mapping = _mapping("7,2024-01-05,It was a really good meal.,5\n8,2024-01-06,I would not come again.,1\n")
    assert mapping.fields == {
        "text": "column 3", "rating": "column 4", "created_at": "column 2", "record_id": "column 1",
    }  # fmt: skip


def test_an_indicator_stays_an_attribute_beside_a_better_rating_and_is_the_rating_without_one() -> None:
    with_stars = _mapping("Review,Recommended IND,Rating\nnice,1,5\nbad,0,1\n")
    without = _mapping("Review,Recommended IND\nnice,1\nbad,0\n")
    assert (with_stars.fields["rating"], with_stars.attrs) == ("Rating", ("Recommended IND",))
    assert (without.fields["rating"], without.scale) == ("Recommended IND", "binary")


@pytest.mark.parametrize("header", ["Age", "Priority", "Helpful votes", "Number of visits", "Rating count"])
def test_small_numbers_under_another_name_are_no_rating(header: str) -> None:
    assert "rating" not in _mapping(f"Review,{header}\nI like it a lot,3\nI hate it so much,1\n").fields


def test_a_repeated_id_is_no_record_id() -> None:
    assert "record_id" not in _mapping("id,review\n7,good\n7,bad\n8,so so\n").fields


def test_columns_that_name_a_person_are_left_out() -> None:
    mapping = _mapping("review,Full Name,Contact,City\ngood,Ann Ash,ann@example.com,Ulm\nbad,Bo Birk,555-0123,Bonn\n")
    assert (mapping.ignored, mapping.attrs) == (("Full Name", "Contact"), ("City",))


def test_free_text_beside_the_text_is_left_out() -> None:
    mapping = _mapping(
        "review,Notes by staff\ngood value,He called twice and was angry\nbad fit,She wants a refund by Friday\n"
    )
    assert (mapping.fields, mapping.ignored) == ({"text": "review"}, ("Notes by staff",))


def test_the_producers_mapping_goes_before_the_guess() -> None:
    # given a producer who wants the notes as text and no rating
    options = Options(mapping={"text": "notes", "rating": ""})
    # when the file is mapped
    mapping = _mapping("Review,Notes,Stars\nlong and winding review text,short,5\nanother long text,brief,4\n", options)
    # then both are respected; what is left of the file is used as before
    assert mapping.fields == {"text": "Notes"}
    assert (mapping.attrs, mapping.guessed, mapping.scale) == (("Stars",), False, None)


def test_a_named_scale_goes_before_the_guess() -> None:
    mapping = _mapping("review,score\ngood,4\nbad,2\n", Options(scale="nps"))
    assert mapping.scale == "nps"


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (Options(mapping={"stars": "Stars"}), "unknown_field", "'stars'"),
        (Options(mapping={"text": "Revue"}), "unknown_column", "'Revue'"),
        (Options(mapping={"rating": "Review"}), "no_scale", "'Review'"),
        (Options(scale="stars6"), "unknown_scale", "'stars6'"),
        (Options(scale="nps", mapping={"rating": ""}), "no_scale", "no column"),
    ],
)
def test_options_that_name_what_is_not_there_are_refused(options: Options, code: str, named: str) -> None:
    with pytest.raises(BadFile) as caught:
        _mapping("Review,Stars\ngood one,5\nbad one,1\n", options)
    assert caught.value.code == code
    assert named in caught.value.detail


def test_a_file_without_text_or_rating_is_refused_with_its_headers() -> None:
    with pytest.raises(BadFile) as caught:
        _mapping("City,Visits,Plan\nUlm,12,pro\nBonn,3000,free\n")
    assert caught.value.code == "no_text_or_rating"
    assert "City, Visits, Plan" in caught.value.detail


def test_no_more_attributes_than_a_record_takes() -> None:
    headers = ["review", *(f"q{number}" for number in range(70))]
    mapping = _mapping(",".join(headers) + "\ngood thing here" + ",a" * 70 + "\nbad thing there" + ",b" * 70 + "\n")
    assert (len(mapping.attrs), mapping.ignored) == (64, tuple(f"q{number}" for number in range(64, 70)))
