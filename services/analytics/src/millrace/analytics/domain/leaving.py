"""The chance that a customer leaves, learned from those of whom the producer says whether they left."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV  # type: ignore[import-untyped]
from sklearn.impute import SimpleImputer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import brier_score_loss  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedKFold, cross_val_predict  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

from millrace.analytics.domain.bootstrap import SEED
from millrace.analytics.domain.estimates import Floats, rounded
from millrace.analytics.domain.ranks import rank_biserial
from millrace.analytics.domain.signs import LATE, points

MIN_OF_EACH = 30
"""Customers who left, and who stayed, below which nothing is learned."""
FOLDS = 5
FEATURES = (
    "churn_words", "escalation", "last_rating", "rating_change", "tone", "reopened", "contacts", "contact_rate",
    "tenure_days",
)  # fmt: skip
"""What is learned from. Silence is left out: whoever left is silent."""
COUNTED = ("churn_words", "escalation", "reopened", "contacts", "contact_rate", "tenure_days")


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A model that beat the points score, or why there is none."""

    chance: Floats | None = None
    """Of every customer, 0 to 1."""
    share: Floats | None = None
    """(customers, features): what the chance would lose if the feature were like everybody's."""
    reliability: dict[str, float] = field(default_factory=dict)
    note: str = ""


def learn(table: pd.DataFrame) -> Leaving:
    """A logistic model with calibrated probabilities (Platt 1999), judged on customers that it has not seen.

    It is used only if, on these, it ranks better than the points score and surely better than chance (area under the
    curve), and its probabilities beat telling everybody the base rate (Brier score).
    """
    known = table["left"].notna().to_numpy()
    left = table["left"].to_numpy()[known] == 1.0
    if min(left.sum(), len(left) - left.sum()) < MIN_OF_EACH:
        said = f"to learn who leaves, {MIN_OF_EACH} customers who left and as many who stayed are needed"
        return Leaving(note=said if known.any() else "")
    columns = _columns(table)
    held_out = cross_val_predict(_model(), columns[known], left, cv=_folds(), method="predict_proba")[:, 1]
    auc, low, high = _ranking(held_out, left)
    plain = _ranking(points(table, but=LATE)[known].sum(axis=1), left)[0]
    base, brier = float(left.mean()), float(brier_score_loss(left, held_out))
    if auc <= plain or low <= 0.5 or brier >= base * (1 - base):
        return Leaving(note=_worse(auc, plain, len(left)))
    model = _model().fit(columns[known], left)
    reliability = {
        "auc": auc, "auc_low": low, "auc_high": high, "brier": brier, "base_rate": base, "points_auc": plain,
        "n": len(left),
    }  # fmt: skip
    return Leaving(
        chance=model.predict_proba(columns)[:, 1], share=_shares(model, columns, columns[known]),
        reliability={name: rounded(value) for name, value in reliability.items()},
    )  # fmt: skip


def _ranking(scores: Floats, left: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The area under the curve with its interval: how often one who left scores above one who stayed."""
    value, low, high = (1 + rank_biserial(scores.round(6), left[:, None])[0]) / 2
    return float(value), float(low), float(high)


def _worse(auc: float, plain: float, n: int) -> str:
    return (
        f"a model of who left does not surely beat chance and the points score on held-out customers "
        f"(area under the curve {auc:.2f} against {plain:.2f}, n={n})"
    )


def _model() -> CalibratedClassifierCV:
    logistic = make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(max_iter=1_000)
    )  # fmt: skip
    return CalibratedClassifierCV(logistic, method="sigmoid", cv=_folds(), ensemble=False)


def _folds() -> StratifiedKFold:
    return StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)


def _columns(table: pd.DataFrame) -> Floats:
    """The features; counts by their logarithm, so that one customer of a hundred contacts decides nothing."""
    columns = [np.log1p(table[name].clip(lower=0)) if name in COUNTED else table[name] for name in FEATURES]
    return np.column_stack(columns).astype(np.float64)


def _shares(model: CalibratedClassifierCV, columns: Floats, seen: Floats) -> Floats:
    """What of each customer's chance is gone when one feature takes its mean over the customers learned from."""
    chance = model.predict_proba(columns)[:, 1]
    shares = np.empty_like(columns)
    for i in range(columns.shape[1]):
        usual = columns.copy()
        known = seen[:, i][~np.isnan(seen[:, i])]
        usual[:, i] = known.mean() if len(known) else 0.0
        shares[:, i] = chance - model.predict_proba(usual)[:, 1]
    return shares
