"""Tables as the domain takes them, from the few values that a test is about."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from millrace.contracts.records import Scale

Rows = list[dict[str, Any]]


@pytest.fixture
def rating_rows() -> Callable[..., Rows]:
    """Rated records r000, r001, ... with these values; times are given or unknown."""

    def make(raw: Sequence[float], scale: Scale = Scale.STARS5, at: Sequence[Any] | None = None) -> Rows:
        low, high = scale.bounds
        return [
            {
                "record_id": f"r{i:03d}", "customer": "", "created_at": at[i] if at is not None else None,
                "product": "", "kind": scale.value, "raw": float(value), "norm": (value - low) / (high - low),
                "has_text": True,
            }
            for i, value in enumerate(raw)
        ]  # fmt: skip

    return make


@pytest.fixture
def unit_rows() -> Callable[..., Rows]:
    """One unit for each record r000, r001, ..., with these themes and sentiments."""

    def make(themes: Sequence[Sequence[str]], sentiment: Sequence[float | None]) -> Rows:
        return [
            {
                "unit_id": f"u{i:03d}", "turn_id": f"t{i:03d}", "record_id": f"r{i:03d}", "n": 0,
                "text": f"This is what customer number {i} has to say.", "text_hash": f"{i}", "lang": "en",
                "role": "customer", "created_at": None, "dup_of": "", "sentiment": tone, "confidence": 0.5, "tier": 0,
                "themes": list(own), "has_vector": False,
            }
            for i, (own, tone) in enumerate(zip(themes, sentiment, strict=True))
        ]  # fmt: skip

    return make


@pytest.fixture
def ratings(rating_rows: Callable[..., Rows]) -> Callable[..., pd.DataFrame]:
    def make(*args: Any, **named: Any) -> pd.DataFrame:
        frame = pd.DataFrame(rating_rows(*args, **named))
        return frame.assign(created_at=pd.to_datetime(frame["created_at"], utc=True))

    return make


@pytest.fixture
def no_ratings(ratings: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return ratings([1]).iloc[:0]


@pytest.fixture
def annotations(unit_rows: Callable[..., Rows]) -> Callable[..., pd.DataFrame]:
    return lambda themes, sentiment: pd.DataFrame(unit_rows(themes, sentiment))


@pytest.fixture
def history(
    ratings: Callable[..., pd.DataFrame], annotations: Callable[..., pd.DataFrame]
) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    """Ratings and annotations of the same seeded records over days from a Monday on.

    The weekend is busier; a fifth of the records mention the fit and a third complain. From `since` on volume,
    theme and complaints are what they are set to.
    """

    def make(
        seed: int, days: int = 60, a_day: float = 10.0, since: int = 0, surge: float = 1.0, fit: float = 0.2,
        blame: float = 1 / 3, spikes: Mapping[int, int] = MappingProxyType({}),
    ) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
        rng = np.random.default_rng(seed)
        day = np.arange(days)
        usual = a_day * np.where(day % 7 < 5, 0.85, 1.375) * np.where(day >= since, surge, 1.0)
        counts = rng.poisson(usual) + [spikes.get(each, 0) for each in range(days)]
        of_record = np.repeat(day, counts)
        late = of_record >= since
        unhappy = rng.random(len(late)) < np.where(late, blame, 1 / 3)
        about = rng.random(len(late)) < np.where(late, fit, 0.2)
        at = pd.Timestamp("2026-03-02", tz="UTC") + pd.to_timedelta(
            of_record * 24 + rng.integers(8, 20, len(late)), "h"
        )
        stars = np.where(unhappy, rng.choice([1, 2], len(late)), rng.choice([4, 5], len(late)))
        units = annotations([["fit"] if each else [] for each in about], np.where(unhappy, -0.5, 0.5))
        return ratings(stars, at=at), units.assign(created_at=at)

    return make
