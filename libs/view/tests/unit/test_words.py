"""What the machine's names mean to a reader."""

import pytest

from millrace.contracts.insights import Manifest
from millrace.view import metrics, words


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("deadline_passed", "not done when its time was up"),
        ("soft_time_limit (3 of 4 parts done)", "took longer than it may (3 of 4 parts done)"),
        ("broker_on_fire", "broker on fire"),
    ],
)
def test_a_reason_in_words_keeps_what_was_done(given, shown):
    assert words.reason(given) == shown


@pytest.mark.parametrize(
    ("given", "about", "said"),
    [
        ("trends: no dates in this batch", "Trends", "No dates in this batch."),
        ("dataset.customers.ratings: check rated_records failed: 3.0%, at least 5%", "Ratings",
         "Records have a rating: not so (3.0%, at least 5%)."),
        ("Everything is fine.", "", "Everything is fine."),
        ("Note: this is prose", "", "Note: this is prose."),
        ("service levels: there are no tickets", "Service levels", "There are no tickets."),
    ],
)  # fmt: skip
def test_a_note_is_told_with_what_it_is_about(given, about, said):
    assert words.note(given) == (about, said)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("unit_id: 1 repeated ids", "repeated ids: 1"),
        ("hour: 1200 hours that are not after the one before", "hours that are not after the one before: 1,200"),
        ("2 durations left out", "durations left out: 2"),
        ("lang: 50.0% in an unknown language, at most 20%", "50.0% in an unknown language, at most 20%"),
        ("68.9%, at least 70%", "68.9%, at least 70%"),
        ("3 of 9 records left out: the time ran short", "3 of 9 records left out: the time ran short"),
        ("conv_id: not_nullable; value: column_in_dataframe", "conv id has empty cells, value is missing"),
        ("value: dtype", "value fails dtype"),
        ("", ""),
    ],
)
def test_what_a_check_found_reads_well_for_one_and_for_many(given, shown):
    assert words.detail(given) == shown


def test_a_table_s_own_check_is_told_with_what_its_rows_are():
    assert words.check("hourly_schema") == "The hours have all their columns, and values where they must"


def test_an_unknown_step_keeps_its_name():
    assert words.step("sentiment_shift") == "Sentiment shift"
    assert words.seen("sentiment_shift") == "rows"


def test_languages_come_by_size_and_the_unknown_last():
    manifest = Manifest(
        generator="x", code_version=1, input_sha256="", tables={},
        shares={"lang_unknown": 0.5, "lang_de": 0.1, "lang_en": 0.4, "lang_fr": 0.0, "empty": 0.3},
    )  # fmt: skip
    assert words.languages(manifest).replace("\u00a0", " ") == "English 40 %, German 10 %, not known 50 %"


def test_only_what_was_masked_is_told():
    facts = {"masked": 3.0, "masked_email": 2.0, "masked_card": 0.0, "masked_passport": 1.0}
    manifest = Manifest(generator="x", code_version=1, input_sha256="", tables={}, facts=facts)
    assert words.masked(manifest) == [("e-mail addresses", 2), ("passport", 1)]


@pytest.mark.parametrize(
    ("name", "value", "shown", "change"),
    [
        ("mean_stars5", 4.176, "4.18", "+4.18"), ("mean_binary", 0.56, "56 %", "+56.0 points"),
        ("volume", 1_204, "1,204", "+1,204"), ("volume", 2.5, "2.5", "+2.5"), ("sentiment", 0.3, "+0.30", "+0.30"),
        ("theme.fit", 0.042, "4.2 %", "+4.2 points"),
        ("complaints.fit", 0.042, "4.2 %", "+4.2 points"), ("mean_thumbs", 4.0, "4.00", "+4.00"),
    ],
)  # fmt: skip
def test_every_metric_has_its_way_of_writing(name, value, shown, change):
    metric = metrics.metric(name, "Fit")
    assert metric.value(value).replace("\u00a0", " ") == shown
    assert metric.change(value).replace("\u00a0", " ") == change


def test_a_score_says_what_it_is_out_of():
    assert metrics.of_scale("stars5").bound == " of 5"
    assert metrics.of_scale("binary").bound == ""
    assert metrics.of_scale("thumbs").name == "mean thumbs"
