"""Fitting a head: regularisation, temperature and scale, all of them on sentences that the fitted model never saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.isotonic import isotonic_regression  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import f1_score  # type: ignore[import-untyped]

from millrace.nlp.domain.sentiment import EVIDENCE, POSITIVE

Array = NDArray[np.float64]
Classes = NDArray[np.intp]

STRENGTHS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 4.0)
"""What is tried as C, the inverse strength of the L2 penalty."""

KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles at which the head's scale is set equal to the lexicon's."""

GROUPS = 6
"""Groups in which the lexicon's confidence is compared with the truth."""


@dataclass(frozen=True)
class Lesson:
    """What is learnt from."""

    vectors: Array
    evidence: Array
    """What the lexicon saw, in the order of EVIDENCE."""
    tones: Classes
    domains: NDArray[np.str_]
    weights: Array
    judged: NDArray[np.bool_]
    """Which examples count in the figures: those that were written one by one."""

    @property
    def features(self) -> Array:
        """Vectors and evidence side by side."""
        return np.hstack([self.vectors, self.evidence])

    def saw(self, name: str) -> Array:
        """One piece of the judged examples' evidence."""
        return np.asarray(self.evidence[self.judged, EVIDENCE.index(name)])


def fit(lesson: Lesson, strength: float, rows: NDArray[np.bool_] | None = None) -> LogisticRegression:
    """A regression on some of the examples, or all of them."""
    chosen = np.ones(len(lesson.tones), dtype=np.bool_) if rows is None else rows
    model = LogisticRegression(C=strength, max_iter=5000, tol=1e-6)
    return model.fit(lesson.features[chosen], lesson.tones[chosen], sample_weight=lesson.weights[chosen])


def unseen_logits(lesson: Lesson, strength: float) -> Array:
    """Logits of every example by a model that saw nothing of its domain."""
    logits = np.zeros((len(lesson.tones), 3))
    for domain in sorted(set(lesson.domains.tolist())):
        held = lesson.domains == domain
        logits[held] = fit(lesson, strength, ~held).decision_function(lesson.features[held])
    return logits


def choose_strength(lesson: Lesson, strengths: Sequence[float] = STRENGTHS) -> tuple[float, dict[float, Array]]:
    """The strongest penalty whose loss in unseen domains is within one standard error of the least.

    The one-standard-error rule of Breiman et al. (1984): what comes in differs from our sentences more than their
    domains do from each other. Each is compared as it would be used, at its own temperature: a strong penalty makes
    a model timid, which is no reason against it.

    Returns:
        C, and the unseen logits of every C.
    """
    logits = {strength: unseen_logits(lesson, strength) for strength in strengths}
    losses = {strength: _losses(lesson, each / temperature(lesson, each)) for strength, each in logits.items()}
    best = min(losses.values(), key=lambda each: float(each.mean()))
    bound = best.mean() + best.std(ddof=1) / np.sqrt(len(best))
    return min(strength for strength, each in losses.items() if each.mean() <= bound), logits


def temperature(lesson: Lesson, logits: Array) -> float:
    """What the logits are to be divided by, so that they mean what they say (Guo et al. 2017)."""
    judged, tones = logits[lesson.judged], lesson.tones[lesson.judged]
    found = minimize_scalar(lambda log: float(log_losses(judged / np.exp(log), tones).mean()), bounds=(-2, 2))
    return float(np.exp(found.x))


def equated(leads: Array, lexical: Array) -> tuple[list[float], list[float]]:
    """Leads and the scores that they get, over sentences of which both say the same: as strong as the lexicon's.

    Equipercentile equating (Kolen and Brennan 2014) of both distributions, at a few quantiles.
    """
    mine, theirs = (np.quantile(each, KNOTS).tolist() for each in (leads, np.abs(lexical)))
    return [0.0, *mine, 1.0], [POSITIVE, *theirs, 1.0]


def calibrated(claims: Array, right: NDArray[np.bool_]) -> tuple[list[float], list[float]]:
    """Confidences of the lexicon and how often its label is right there: by isotonic regression over groups.

    Those without a cue are one group, the others fall into groups of the same size.
    """
    edges = np.unique(np.quantile(claims[claims > 0], np.linspace(0, 1, GROUPS + 1)))
    group = np.where(claims > 0, 1 + np.searchsorted(edges[1:-1], claims), 0)
    sizes = np.bincount(group)
    means, shares = (np.bincount(group, each) / sizes for each in (claims, right.astype(np.float64)))
    return means.tolist(), isotonic_regression(shares, sample_weight=sizes).tolist()


def macro_f1(tones: Classes, found: Classes) -> float:
    """Mean of the three classes' F1."""
    return float(f1_score(tones, found, average="macro"))


def softmax(logits: Array) -> Array:
    """Probabilities."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def log_losses(logits: Array, tones: Classes) -> Array:
    """Negative logarithm of the probability of what is true, per example."""
    return np.asarray(-np.log(softmax(logits)[np.arange(len(tones)), tones]))


def _losses(lesson: Lesson, logits: Array) -> Array:
    """Mean loss by domain."""
    losses = log_losses(logits, lesson.tones)
    domains = sorted(set(lesson.domains[lesson.judged].tolist()))
    return np.array([losses[lesson.judged & (lesson.domains == domain)].mean() for domain in domains])
