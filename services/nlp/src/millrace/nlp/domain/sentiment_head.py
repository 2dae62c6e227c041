"""Sentiment of a unit by its vector and what the lexicon saw: a multinomial logistic regression in plain numpy.

The weights are made by `python -m millrace.nlp.training.sentiment`, with scikit-learn, from sentences that the project
wrote. They already hold the temperature (Guo et al. 2017) that makes the probabilities mean what they say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.sentiment import EVIDENCE, POSITIVE, Sentiment
from millrace.nlp.errors import InvalidCues

Floats = NDArray[np.float32]

NEGATIVE_CLASS, NEUTRAL_CLASS, POSITIVE_CLASS = 0, 1, 2
"""Columns of the probabilities."""

PRECISIONS = frozenset({"int8", "float32"})
"""Parts of an encoder's version that do not matter here: both give nearly the same vectors."""


@dataclass(frozen=True)
class SentimentHead:
    """The weights, ready to be used."""

    encoder: str
    """Version of the encoder whose vectors it was trained on."""
    weights: Floats
    """Shape (dimension + evidence, 3)."""
    intercepts: Floats
    """Shape (3,)."""
    leads: Floats
    """Rising from 0 to 1: how much more probable the likeliest class is than the next."""
    scores: Floats
    """How strong the score is at each of the leads, from POSITIVE to 1; between them it is interpolated."""

    claims: Floats
    """Rising: confidences of the lexicon."""
    truths: Floats
    """How often the lexicon's label is right at each of them; between them it is interpolated."""

    def fits(self, encoder: str) -> bool:
        """Whether it can read vectors of this encoder version."""
        return _model(encoder) == _model(self.encoder)

    def probabilities(self, vectors: Floats, evidence: Floats) -> Floats:
        """How probable each class is: shape (units, 3); `vectors` of length 1."""
        logits = np.hstack([vectors, evidence]) @ self.weights + self.intercepts
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)

    def score(self, probabilities: Floats) -> Floats:
        """Scores on the lexicon's scale: their label is the likeliest class, their strength its lead."""
        margin = probabilities[:, POSITIVE_CLASS] - probabilities[:, NEGATIVE_CLASS]
        strength = np.interp(lead(probabilities), self.leads, self.scores)
        neutral = probabilities.argmax(axis=1) == NEUTRAL_CLASS
        scores = np.where(neutral, POSITIVE * margin, np.sign(margin) * strength)
        return np.asarray(scores, dtype=np.float32)

    def calibrated(self, lexical: Sentiment) -> Sentiment:
        """What the lexicon says of a unit without a vector, with the confidence that it deserves. The score stays."""
        if not lexical.evidence:
            return lexical
        return replace(lexical, confidence=round(float(np.interp(lexical.confidence, self.claims, self.truths)), 4))

    def judge(self, vectors: Floats, lexical: Sequence[Sentiment]) -> list[Sentiment]:
        """The sentiment of units with a vector; `lexical` is what the lexicon says of them, kept without evidence."""
        heard = np.array([place for place, each in enumerate(lexical) if each.evidence], dtype=np.intp)
        if not heard.size:
            return list(lexical)
        evidence = np.array([lexical[place].evidence for place in heard.tolist()], dtype=np.float32)
        probabilities = self.probabilities(vectors[heard], evidence)
        scores = self.score(probabilities)
        sure = probabilities.max(axis=1)
        judged = list(lexical)
        for place, score, confidence in zip(heard.tolist(), scores.tolist(), sure.tolist(), strict=True):
            judged[place] = Sentiment(round(score, 4), round(confidence, 4), lexical[place].evidence)
        return judged


def parse_head(data: dict[str, Any]) -> SentimentHead:
    """A head from the contents of `sentiment_head.json`; InvalidCues when it does not belong to this lexicon."""
    names = ("weights", "intercepts", "leads", "scores", "claims", "truths")
    try:
        weights, intercepts, *steps = (np.array(data[name], dtype=np.float32) for name in names)
        evidence, encoder = tuple(data["evidence"]), str(data["encoder"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCues("the sentiment head lacks weights or holds what are none") from error
    fitting = weights.shape[1:] == intercepts.shape == (3,) and len(weights) > len(EVIDENCE)
    if evidence != EVIDENCE or not fitting or not _steps(*steps[:2]) or not _steps(*steps[2:]):
        raise InvalidCues("the sentiment head was trained for another lexicon; train it again")
    return SentimentHead(encoder, weights, intercepts, *steps)


def _steps(places: Floats, heights: Floats) -> bool:
    return places.shape == heights.shape and bool(np.all(np.diff(places) > 0))


def lead(probabilities: Floats) -> Floats:
    """How much more probable the likeliest class is than the next."""
    second, first = np.sort(probabilities, axis=1)[:, -2:].T
    return np.asarray(first - second, dtype=np.float32)


def _model(version: str) -> list[str]:
    return [part for part in version.split("-") if part not in PRECISIONS]
