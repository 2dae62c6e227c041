"""The metrics of a batch as series: volume, ratings, sentiment, themes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from millrace.analytics.domain import series as series_
from millrace.analytics.domain.estimates import Floats
from millrace.analytics.domain.mentions import POLAR, customer_units, label, presence
from millrace.analytics.domain.ratings import of_scale
from millrace.analytics.domain.series import Kind, Series, Span, span_of
from millrace.analytics.domain.words import WORDS
from millrace.contracts.records import Scale

MIN_RECORDS = 20
"""A theme that fewer records mention, or fail to mention, has no series; nor has a scale with fewer ratings."""
MOST_THEMES = 15
"""The themes mentioned most. Each metric more asks for stronger evidence from all."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Every metric over one span."""

    span: Span
    series: tuple[Series, ...]
    outside: list[str]
    """In words, how many records were left out for their date."""


def measure(ratings: pd.DataFrame, annotations: pd.DataFrame, hourly: pd.DataFrame | None) -> Measures | None:
    """The metrics of everything that is dated; None when nothing is.

    Volume is that of the hourly table where there is one, else of the rated records, else of those with text. Shares
    are of the records with text by customers, without copies.
    """
    units = customer_units(annotations)
    units = units.assign(created_at=pd.to_datetime(units["created_at"], utc=True))
    ratings = ratings.dropna(subset=["created_at"]).sort_values(["created_at", "record_id"])
    hours = hourly if hourly is not None and not hourly.empty else None
    span = span_of([ratings["created_at"], units["created_at"], *([] if hours is None else [hours["hour"]])])
    if span is None:
        return None
    every = _known(ratings, units)
    ratings, texts, known = _placed(ratings, span), _texts(units, span), _placed(every, span)
    counted = texts if ratings.empty else ratings
    found = [
        series_.volume(_volume(counted, hours, span), known, span),
        *_means(ratings, span.periods),
        *_of_texts(texts, units, span.periods),
    ]
    return Measures(
        span=span, series=tuple(each for each in found if each is not None), outside=span.outside(every["created_at"])
    )


def _placed(records: pd.DataFrame, span: Span) -> pd.DataFrame:
    """The records within the span, with their periods, by period and id."""
    placed = records.assign(position=span.positions(records["created_at"]))
    return placed[placed["position"] >= 0].sort_values(["position", "record_id"], ignore_index=True)


def _texts(units: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Records with text: when, and the mean sign of their sentences, NaN where no sentence has a sentiment."""
    sentiment = units["sentiment"].to_numpy(dtype=np.float64)
    signs = np.where(np.isnan(sentiment), np.nan, np.sign(np.where(np.abs(sentiment) > POLAR, sentiment, 0.0)))
    grouped = units.assign(tone=signs).groupby("record_id", sort=True)
    return _placed(grouped.agg(created_at=("created_at", "min"), tone=("tone", "mean")).reset_index(), span)


def _known(ratings: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Every record that is known by its id, none more telling than another."""
    known = pd.concat([each[["record_id", "created_at"]] for each in (ratings, units)])
    return known.sort_values(["created_at", "record_id"]).drop_duplicates("record_id").assign(value=1.0, weight=0.0)


def _volume(counted: pd.DataFrame, hours: pd.DataFrame | None, span: Span) -> Floats:
    """Records by period. Annotations may lack a chunk, so texts are counted only where nothing else can be."""
    if hours is None:
        return np.bincount(counted["position"], minlength=span.periods).astype(np.float64)
    positions = span.positions(hours["hour"])
    inside = positions >= 0
    counts = np.bincount(positions[inside], weights=hours["records"][inside], minlength=span.periods)
    return counts.astype(np.float64)


def _means(ratings: pd.DataFrame, periods: int) -> Iterator[Series]:
    for kind in sorted(ratings["kind"].unique()):
        own, scale = of_scale(ratings, Scale(kind)), Scale(kind)
        if len(own) >= MIN_RECORDS:
            records = own.assign(value=own["raw"], weight=own["raw"]).reset_index(drop=True)
            yield series_.series(
                f"mean_{kind}", WORDS[scale].subject, Kind.MEAN, records, periods, scale.bounds
            )  # fmt: skip


def _of_texts(texts: pd.DataFrame, units: pd.DataFrame, periods: int) -> Iterator[Series]:
    toned = texts.dropna(subset=["tone"]).reset_index(drop=True)
    if len(toned) >= MIN_RECORDS:
        records = toned.assign(value=toned["tone"], weight=toned["tone"])
        yield series_.series("sentiment", "Net sentiment", Kind.MEAN, records, periods, (-1.0, 1.0))
    if texts.empty:
        return
    mentions = presence(units).reindex(texts["record_id"], fill_value=False)
    negative = presence(units[units["sentiment"] < -POLAR]).reindex(texts["record_id"], fill_value=False)
    for theme in _frequent(mentions):
        for metric, title, table in (
            (f"theme.{theme}", label(theme), mentions),
            (f"complaints.{theme}", f"Complaints about {label(theme).lower()}", negative),
        ):
            if theme in table and _is_frequent(has := table[theme].to_numpy(dtype=np.float64)):
                records = texts.assign(value=has, weight=-texts["tone"].fillna(0.0))
                yield series_.series(metric, title, Kind.SHARE, records, periods)


def _frequent(mentions: pd.DataFrame) -> list[str]:
    """The themes with enough records, the most mentioned first."""
    counts = mentions.sum()
    return sorted((str(theme) for theme in mentions), key=lambda theme: (-counts[theme], theme))[:MOST_THEMES]


def _is_frequent(has: Floats) -> bool:
    return bool(MIN_RECORDS <= has.sum() <= len(has) - MIN_RECORDS)
