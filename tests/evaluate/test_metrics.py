"""The measures, held to values worked out by hand."""

import pytest
from tests.evaluate.figure import Figure, Target, not_offered, share
from tests.evaluate.metrics import (
    NO_SPANS,
    Pairs,
    Recovered,
    Span,
    Spans,
    macro_f1,
    masked_spans,
    match_pairs,
    match_spans,
    micro_f1,
    pairs_of,
    recovered,
)


def test_a_mask_finds_what_it_covers_whole() -> None:
    planted = [Span("email", 10, 20), Span("email", 30, 40), Span("email", 50, 60)]
    # one exact, one too short, one too wide; and one where nothing is
    masks = [Span("email", 10, 20), Span("email", 31, 40), Span("email", 48, 63), Span("email", 80, 90)]
    assert match_spans(planted, masks) == Spans(found=2, planted=3, right=3, masks=4)


def test_a_mask_of_another_kind_is_neither_found_nor_right() -> None:
    assert match_spans([Span("card", 0, 16)], [Span("phone", 0, 16)]) == Spans(0, 1, 0, 1)
    assert match_spans([Span("card", 0, 4)], [Span("card", 4, 8)]) == Spans(0, 1, 0, 1)
    assert NO_SPANS + Spans(1, 2, 3, 4) == Spans(1, 2, 3, 4)


def test_masks_are_found_back_in_the_raw_text() -> None:
    raw = "Mail a@b.example or c@d.example (again)."
    found = masked_spans(raw, "Mail [EMAIL_1] or [EMAIL_2] (again).")
    assert found == [Span("email", 5, 16), Span("email", 20, 31)]
    assert [raw[span.start : span.end] for span in found] == ["a@b.example", "c@d.example"]


def test_a_street_and_its_town_are_one_mask() -> None:
    raw = "At 3 Sample Road, 99999 Testwick, call Ann Lee, Bo Li."
    found = masked_spans(raw, "At [ADDRESS_1], [ADDRESS_2], call [NAME_1], Bo Li.")
    assert found is not None
    assert [(span.kind, raw[span.start : span.end]) for span in found] == [
        ("address", "3 Sample Road, 99999 Testwick"), ("name", "Ann Lee"),
    ]  # fmt: skip


def test_a_text_without_masks_is_the_raw_one_or_nothing_is_said() -> None:
    assert masked_spans("as it is", "as it is") == []
    assert masked_spans("as it is", "as it was") is None
    assert masked_spans("", "") == []


def test_macro_f1_gives_every_label_the_same_weight() -> None:
    # a: 2 of 3 hit, given 3 times; b: 1 of 1 hit, given once; c: never given
    pairs = [("a", "a"), ("a", "a"), ("a", "b"), ("b", "a"), ("c", "c")]
    assert macro_f1(pairs) == pytest.approx((4 / 6 + 0 + 1) / 3)
    assert macro_f1([("a", "b")]) == 0
    assert macro_f1([("a", "a")]) == 1


def test_micro_f1_counts_labels_over_all_lines() -> None:
    pairs = [(frozenset("ab"), frozenset("a")), (frozenset(), frozenset("c")), (frozenset("d"), frozenset("d"))]
    assert micro_f1(pairs) == pytest.approx(2 * 2 / (3 + 3))
    assert micro_f1([(frozenset(), frozenset())]) == 1


def test_pairs_of_clusters_that_share_a_member_are_those_of_one() -> None:
    assert pairs_of([("a", "b"), ("c", "b"), ("x",)]) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert pairs_of([("a", "b"), ("c", "d"), ("d", "a")]) == pairs_of([("a", "b", "c", "d")])


def test_pair_f1_is_that_of_pairs() -> None:
    # three true pairs, two given, one of which is true
    pairs = match_pairs([("a", "b", "c")], [("a", "b"), ("c", "d")])
    assert pairs == Pairs(hits=1, given=2, true=3)
    assert pairs.f1 == pytest.approx(2 * 1 / (2 + 3))
    assert match_pairs([], []).f1 == 1
    assert match_pairs([("a", "b")], []).f1 == 0


def test_purity_is_of_the_group_that_has_most_of_what_was_planted() -> None:
    # given groups with so many of four planted members among all that they have
    assert recovered(4, [(1, 1), (3, 4), (0, 2)]) == Recovered(purity=0.75, recall=0.75)
    assert recovered(4, [(2, 8), (2, 4)]) == Recovered(purity=0.5, recall=0.5)
    # and none at all
    assert recovered(4, [(0, 9)]) == Recovered(0, 0)
    assert recovered(4, []) == Recovered(0, 0)


@pytest.mark.parametrize(
    ("target", "met", "missed", "text"),
    [
        (Target(least=0.9), 0.9, 0.89, ">= 0.9"),
        (Target(most=3), 3, 4, "<= 3"),
        (Target(least=0.7, most=0.9), 0.8, 0.91, "0.7 to 0.9"),
    ],
)
def test_a_verdict_follows_from_the_target(target: Target, met: float, missed: float, text: str) -> None:
    verdicts = [Figure(area="a", name="b", value=value, n=1, target=target).verdict for value in (met, missed)]
    assert verdicts == ["met", "missed"]
    assert str(target) == text


def test_what_could_not_be_measured_misses_its_target_unless_it_has_none_or_its_data_are_away() -> None:
    aimed, told = not_offered("a", [("x", Target(least=1)), ("y", None)], "not_offered")
    assert (aimed.verdict, aimed.note, told.verdict) == ("missed", "not offered", "told")
    assert Figure(area="a", name="file.csv", value=None, n=0, skipped=True).verdict == "skipped"
    assert share(1, 0) is None
