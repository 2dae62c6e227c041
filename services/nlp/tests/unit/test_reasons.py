"""Contact reasons by cues and centroids."""

import numpy as np
import pytest

from millrace.nlp.domain.annotate import Rules
from millrace.nlp.domain.reasons import CUE_ALONE, NO_REASON, Reason, Reasons, ReasonSpace, by_cues, parse_reasons
from millrace.nlp.errors import InvalidCues

REASONS = {
    "nothing": ["n1", "n2"],
    "reason": [
        {"id": "late", "label": "Late", "tone": "negative", "cues": ["late"], "exemplars": [f"l{n}" for n in range(8)]},
        {"id": "thanks", "label": "Thanks", "tone": "positive", "cues": ["thanks"], "exemplars": ["t"] * 8},
        {"id": "how", "label": "How", "cues": ["how"], "exemplars": ["h"] * 8},
    ],
}


@pytest.fixture
def reasons() -> Reasons:
    return parse_reasons(REASONS)


@pytest.fixture
def space(reasons: Reasons) -> ReasonSpace:
    """Each reason along an axis of its own, and what gives none along the fourth."""
    axes = np.eye(4, dtype=np.float32)
    return reasons.space(np.concatenate([axes[[0] * 8 + [1] * 8 + [2] * 8], axes[[3, 3]]]))


def row(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


@pytest.mark.parametrize(
    ("vector", "hints", "sentiment", "reason"),
    [
        (row(0.5, 0.1, 0.1, 0.1), (), -0.5, "late"),
        (row(0.5, 0.1, 0.1, 0.1), (), 0.9, ""),
        (row(0.1, 0.5, 0.1, 0.1), (), -0.5, ""),
        (row(0.3, 0.1, 0.1, 0.1), (), -0.5, ""),
        (row(0.4, 0.1, 0.395, 0.1), (), -0.5, ""),
        (row(0.4, 0.1, 0.1, 0.5), (), -0.5, ""),
        (row(0.4, 0.1, 0.3, 0.1), ("how",), -0.5, "how"),
        (row(0.6, 0.1, 0.3, 0.1), ("how",), -0.5, "late"),
    ],
    ids=["near", "sounds happy", "sounds sad", "too far", "between two", "nearer to nothing", "cue wins", "cue loses"],
)
def test_cues_and_vectors_decide_together(
    space: ReasonSpace, vector: np.ndarray, hints: tuple[str, ...], sentiment: float, reason: str
) -> None:
    assert space.decide(hints, sentiment, space.scores(vector)[0]).id == reason


def test_the_farther_the_next_reason_the_surer(space: ReasonSpace) -> None:
    # Given a vector with another reason close behind, and one without
    close, clear = (space.decide((), 0.0, space.scores(row(0.5, 0.0, next_one, 0.0))[0]) for next_one in (0.45, 0.1))

    # Then both give the reason, with different confidence
    assert close.id == clear.id == "late"
    assert 0.5 < close.confidence < 0.9 < clear.confidence <= 1


def test_without_a_vector_the_first_cue_that_fits_the_tone_counts(reasons: Reasons) -> None:
    assert by_cues(reasons, ("late", "how"), -0.5) == Reason("late", CUE_ALONE)
    assert by_cues(reasons, ("late", "how"), 0.9) == Reason("how", CUE_ALONE)
    assert by_cues(reasons, (), -0.5) == NO_REASON


def test_the_packages_reasons_are_those_of_the_contract(rules: Rules) -> None:
    # Given the ids that the reports know
    ids = {
        "refund_or_return", "delivery_problem", "product_defect", "billing_problem", "account_access", "cancellation",
        "how_to", "complaint_about_staff", "feature_request", "praise", "order_change", "outage",
    }  # fmt: skip

    # Then the data has them, each with a label and no exemplar twice
    texts = rules.reasons.texts()
    assert set(rules.reasons.taxonomy.labels) == ids
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "change",
    [
        {"nothing": []},
        {"reason": REASONS["reason"][:1]},
        {"reason": [{**REASONS["reason"][0], "exemplars": ["a"] * 7}] * 2},
    ],
)
def test_broken_reasons_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidCues):
        parse_reasons({**REASONS, **change})
