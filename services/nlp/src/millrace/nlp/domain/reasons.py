"""The contact reason of a unit: cues and the nearest labelled centroid decide together; what is near none has none.

Few-shot classification by class centroids (prototypes: Snell et al. 2017, "Prototypical Networks") of the exemplars in
`reasons.toml`, so that a reason can be added by writing sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.lexical import normalised
from millrace.nlp.domain.taxonomy import Taxonomy, parse_taxonomy
from millrace.nlp.errors import InvalidCues

LEAST_EXEMPLARS = 8
"""Fewer sentences than these do not say where a reason lies."""
CUE = 0.2
"""What a cue adds to the cosine of its reason."""
NEAR = 0.32
MARGIN = 0.01
"""Least score, and least distance to the next reason. All three were chosen on the lines `dev` of
tests/data/contact_reasons.toml: 94 % of the reasons are right there, and 89 % of the lines without one get none; on
`heldout`, which was only measured, 85 and 80 %."""
POSITIVE, NEGATIVE = 0.4, -0.05
"""Sentiment from which a unit sounds the other way than a reason with a tone: a grumble may sound friendly."""
CUE_ALONE = 0.7
"""Confidence of a reason that rests on a cue without a vector: somewhat less than the share of `dev` that was right."""
SHARPNESS = 24.0
"""Of the softmax that turns scores into confidence: with it the mean confidence on `dev` is the share that is right."""


class Reason(NamedTuple):
    """Why somebody gets in touch."""

    id: str
    """Empty where it cannot be told."""
    confidence: float
    """Between 0 and 1."""


NO_REASON = Reason("", 0.0)


@dataclass(frozen=True)
class Reasons:
    """The reasons of `reasons.toml`."""

    taxonomy: Taxonomy
    nothing: tuple[str, ...]
    """Sentences that give no reason."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The reasons in their order."""
        return tuple(reason.id for reason in self.taxonomy.themes)

    def texts(self) -> list[str]:
        """The sentences whose vectors `space` takes, in its order."""
        return [*(text for reason in self.taxonomy.themes for text in reason.exemplars), *self.nothing]

    def space(self, vectors: NDArray[np.float32]) -> "ReasonSpace":
        """Where the reasons lie; `vectors` are those of `texts`."""
        sizes = [len(reason.exemplars) for reason in self.taxonomy.themes]
        groups = np.split(vectors, np.cumsum(sizes))
        centroids = normalised(np.stack([group.mean(axis=0) for group in groups[:-1]]))
        return ReasonSpace(self, centroids, groups[-1])


@dataclass(frozen=True)
class ReasonSpace:
    """The reasons as vectors of length 1."""

    reasons: Reasons
    centroids: NDArray[np.float32]
    nothing: NDArray[np.float32]

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of each vector to each reason and, last, to what gives none (the two nearest sentences' mean)."""
        none = np.sort(vectors @ self.nothing.T, axis=1)[:, -2:].mean(axis=1, keepdims=True)
        return np.concatenate([vectors @ self.centroids.T, none], axis=1)

    def decide(self, hints: Sequence[str], sentiment: float, scores: NDArray[np.float32]) -> Reason:
        """The reason by its cues (`hints`) and its row of `scores`."""
        ids = self.reasons.ids
        total = scores.astype(np.float64)
        for hint in hints:
            total[ids.index(hint)] += CUE
        total[:-1][~_fitting(self.reasons, sentiment)] = -1.0
        second, first = np.sort(total[:-1])[-2:]
        if first < max(NEAR, total[-1]) or first - second < MARGIN:
            return NO_REASON
        weights = np.exp(SHARPNESS * (total - first))
        return Reason(ids[int(total[:-1].argmax())], round(float(1 / weights.sum()), 4))


def by_cues(reasons: Reasons, hints: Sequence[str], sentiment: float) -> Reason:
    """The reason of a unit without a vector: the first of its cues' that fits its tone."""
    if not hints:
        return NO_REASON
    fitting = dict(zip(reasons.ids, _fitting(reasons, sentiment).tolist(), strict=True))
    return next((Reason(hint, CUE_ALONE) for hint in hints if fitting[hint]), NO_REASON)


def _fitting(reasons: Reasons, sentiment: float) -> NDArray[np.bool_]:
    """Which reasons a unit of this sentiment may give."""
    wrong = "negative" if sentiment > POSITIVE else "positive" if sentiment < NEGATIVE else None
    return np.array([reason.tone != wrong for reason in reasons.taxonomy.themes], dtype=np.bool_)


def parse_reasons(data: dict[str, Any]) -> Reasons:
    """The contents of `reasons.toml`; InvalidCues when something is missing."""
    taxonomy = parse_taxonomy(data, "reason")
    nothing = tuple(data.get("nothing", ()))
    if any(len(reason.exemplars) < LEAST_EXEMPLARS for reason in taxonomy.themes) or len(taxonomy.themes) < 2:
        raise InvalidCues(f"there are two reasons or more, each with {LEAST_EXEMPLARS} exemplars at least")
    if len(nothing) < 2 or any(reason.tone not in ("", "positive", "negative") for reason in taxonomy.themes):
        raise InvalidCues("the sentences that give no reason are missing, or a tone is unknown")
    return Reasons(taxonomy, nothing)
