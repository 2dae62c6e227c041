"""The hand-written lines: enough of everything, each written once, spans where they say."""

from collections import Counter

import pytest

from millrace.testing import labelled
from millrace.testing.corpus.personal import KINDS
from millrace.testing.corpus.vocabulary import phrases
from millrace.testing.labelled import UNKNOWN

REASONS = {
    "refund_or_return", "delivery_problem", "product_defect", "billing_problem", "account_access", "cancellation",
    "how_to", "complaint_about_staff", "feature_request", "praise", "order_change", "outage",
}  # fmt: skip


def test_ids_and_texts_are_unique() -> None:
    lines = [*labelled.feedback(), *labelled.languages(), *labelled.personal()]
    assert len(lines) >= 340
    assert len({line.id for line in lines}) == len({line.text for line in lines}) == len(lines)


def test_no_line_is_a_phrase_of_the_templates() -> None:
    known = {phrase for section in phrases("en").values() for part in section.values() for phrase in part}
    assert not known & {line.text for line in labelled.feedback()}


def test_every_tone_and_reason_has_enough_lines_to_judge_by() -> None:
    tones = Counter(line.sentiment for line in labelled.feedback())
    assert set(tones) == {"positive", "negative", "neutral"}
    assert min(tones.values()) >= 50
    reasons = Counter(line.reason for line in labelled.feedback() if line.reason)
    assert set(reasons) == REASONS | {UNKNOWN}
    assert all(reasons[reason] >= 10 for reason in reasons)


@pytest.mark.parametrize("flag", ["urgent", "effort", "escalation", "churn"])
def test_every_flag_has_lines(flag: str) -> None:
    assert sum(flag in line.flags for line in labelled.feedback()) >= 6


def test_twelve_languages_have_three_sentences_of_twenty_characters() -> None:
    counts = Counter(line.lang for line in labelled.languages())
    assert len(counts) == 12
    assert set(counts.values()) == {3}
    assert all(len(line.text) >= 20 for line in labelled.languages())


def test_spans_are_within_their_text_in_order_and_of_known_kinds() -> None:
    spans = [(told, span) for told in labelled.personal() for span in told.spans]
    assert {span.kind for _, span in spans} == set(KINDS)
    assert all(0 <= span.start < span.end <= len(told.text) for told, span in spans)
    for told in labelled.personal():
        edges = [edge for span in told.spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
    cards = [told.text[span.start : span.end] for told, span in spans if span.kind == "card"]
    assert all(sum(map(str.isdigit, card)) in (15, 16) for card in cards)
    assert sum(not told.spans for told in labelled.personal()) >= 15
