"""The tone of a record out of its units'."""

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from millrace.nlp.domain.sentiment import label


def tone_of(units: Iterable[Mapping[str, Any]]) -> float | None:
    """Mean sentiment of the units that have one; None when none has."""
    scores = [unit["sentiment"] for unit in units if unit["sentiment"] is not None]
    return fmean(scores) if scores else None


def label_of(tone: float | None) -> str:
    """`positive`, `negative` or `neutral`, by the service's own threshold."""
    return label(tone) if tone is not None else "neutral"
