"""Numbers, times and texts as people write them."""

from datetime import UTC, datetime

import pytest

from millrace.contracts.insights import Estimate
from millrace.view import formats

GAP = formats.GAP


def plain(text: str) -> str:
    return text.replace(GAP, " ")


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(4.176, 2, "4.18"), (-0.25, 2, "\u22120.25"), (1204.5, 1, "1,204.5"), (-0.001, 2, "0.00")],
)
def test_a_number(value, digits, shown):
    assert formats.number(value, digits) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.134, "+0.13"), (-0.25, "\u22120.25"), (0.004, "0.00"), (-0.004, "0.00")]
)
def test_a_difference_has_a_sign_unless_it_is_nothing(value, shown):
    assert formats.signed(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, "0 %"), (0.0001, "< 0.1 %"), (0.0421, "4.2 %"), (0.0996, "10 %"), (0.56, "56 %"), (0.9949, "99 %"),
        (0.996, "99.6 %"), (0.99999, "99.9 %"), (1.0, "100 %"),
    ],
)  # fmt: skip
def test_a_share_is_never_rounded_to_nothing_or_to_all(share, shown):
    assert plain(formats.percent(share)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.83, "0.8 s"), (45.2, "45 s"), (59.6, "1 min"), (754, "13 min"), (3_600, "1 h"), (12_000, "3 h 20 min"),
        (86_399, "1 d"), (187_200, "2 d 4 h"),
    ],
)  # fmt: skip
def test_a_stretch_of_time_in_its_largest_units(seconds, shown):
    assert plain(formats.duration(seconds)) == shown


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ((2025, 3, 3), (2025, 3, 3), "3 March 2025"), ((2025, 3, 3), (2025, 3, 14), "3 to 14 March 2025"),
        ((2025, 3, 3), (2025, 4, 14), "3 March to 14 April 2025"),
        ((2024, 12, 30), (2025, 1, 2), "30 December 2024 to 2 January 2025"),
    ],
)  # fmt: skip
def test_a_period_says_month_and_year_once(first, last, shown):
    assert plain(formats.period(datetime(*first, tzinfo=UTC), datetime(*last, tzinfo=UTC))) == shown


def test_an_interval_says_its_unit_once():
    estimate = Estimate(value=0.15, low=0.12, high=0.18, n=90)
    assert plain(formats.interval(estimate, formats.percent)) == "12 to 18 %"
    assert formats.interval(estimate) == "0.12 to 0.18"


def test_units_that_differ_are_both_said():
    assert plain(formats.span(50, 200, formats.duration)) == "50 s to 3 min"


@pytest.mark.parametrize(("value", "shown"), [(0.0004, "<0.001"), (0.0123, "0.012"), (0.714, "0.71")])
def test_a_p_value(value, shown):
    assert formats.p_number(value) == shown


@pytest.mark.parametrize(("usd", "shown"), [(0.00042, "$0.00042"), (0.0012, "$0.0012"), (1.2, "$1.20"), (0, "$0.00")])
def test_money(usd, shown):
    assert formats.money(usd) == shown


@pytest.mark.parametrize(("items", "shown"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), ("abc", "a, b and c")])
def test_words_in_a_row(items, shown):
    assert formats.listed(items) == shown


def test_a_long_text_ends_at_a_word():
    assert formats.cut("one two three four", 14) == "one two three…"
    assert formats.cut("one\n two\x00\x07", 14) == "one two"


def test_a_text_without_spaces_is_cut_all_the_same():
    assert formats.cut("x" * 10_000, 20) == "x" * 20 + "…"


def test_one_more_is_shown_rather_than_counted():
    assert formats.first("abcd", 3) == ("abcd", 0)
    assert formats.first("abcde", 3) == ("abc", 2)


def test_a_claim_is_told_apart_from_its_figures():
    pieces = formats.asides("It fell (-0.3; -0.5 to -0.1, p < 0.001, n=830); so be it")
    assert [(plain(piece), aside) for piece, aside in pieces] == [
        ("It fell ", False), ("(\u22120.3; \u22120.5 to \u22120.1, p < 0.001, n = 830)", True), ("; so be it", False),
    ]  # fmt: skip


def test_hyphens_in_dates_and_ids_stay():
    assert formats.typeset("2025-03-04 of r-12 is x-1") == "2025-03-04 of r-12 is x-1"


def test_a_sentence_that_names_its_n_is_known():
    assert formats.says("Mean 4.18 (n=1,204)", 1_204)
    assert not formats.says("Mean 4.18 (n=1,2045)", 1_204)


@pytest.mark.parametrize(("value", "digits"), [(0.0071, 4), (0.5, 2), (12, 2), (0, 2), (1e-9, 5)])
def test_small_values_get_the_decimals_they_need(value, digits):
    assert formats.telling(value) == digits
