"""Which themes and segments go with the score, others held equal. Association, not cause."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV  # type: ignore[import-untyped]
from sklearn.model_selection import KFold  # type: ignore[import-untyped]
from statsmodels.regression.linear_model import OLS  # type: ignore[import-untyped]

from millrace.analytics.domain import segments as segments_
from millrace.analytics.domain.bootstrap import SEED
from millrace.analytics.domain.estimates import LEVEL, Floats, estimate, rounded
from millrace.analytics.domain.features import Feature, choose
from millrace.analytics.domain.mentions import customer_units, looked_at, presence
from millrace.analytics.domain.ratings import main_scale, of_scale
from millrace.contracts.insights import Driver, Drivers

MIN_RECORDS = 50
"""Ten held-out records in each of five folds."""
FOLDS = 5
TOP = 10
ASSOCIATION = "drivers are associated with the score, not shown to cause it"

_PENALTIES = np.logspace(-1, 3, 9)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    explained: float
    importance: Floats
    effects: Floats
    """(features, 3): effect, lower and upper bound."""


def find_drivers(ratings: pd.DataFrame, annotations: pd.DataFrame, segments: pd.DataFrame | None) -> Drivers:
    """Drivers of the main scale's score.

    Without segments the model has themes only. What could not be said, and why, is in the note.
    """
    scale = main_scale(ratings)
    if scale is None:
        return Drivers(note="nothing is rated")
    rated = of_scale(ratings, scale)
    if np.ptp(rated["raw"]) == 0:
        return Drivers(kind=scale.value, n=len(rated), note="all ratings are the same")
    raw = rated.set_index("record_id")["raw"].astype(np.float64)
    table = segments_.wide(segments, raw.index) if segments is not None else pd.DataFrame(index=raw.index)
    same = segments_.restating(table, raw)
    table = table.drop(columns=list(same))
    notes = [segments_.restates(name, ratio) for name, ratio in same.items()]
    known = raw.loc[looked_at(rated, annotations)["record_id"]]
    fitted, note = _drivers(known, presence(customer_units(annotations)), table.loc[known.index])
    return fitted.model_copy(update={"kind": scale.value, "note": "; ".join([*notes, note])})


def _drivers(raw: pd.Series, mentions: pd.DataFrame, table: pd.DataFrame) -> tuple[Drivers, str]:
    if len(raw) < MIN_RECORDS or np.ptp(raw) == 0:
        return Drivers(n=len(raw)), f"drivers need {MIN_RECORDS} rated records that differ, there are {len(raw)}"
    choice = choose(mentions.reindex(raw.index, fill_value=False), table)
    features = choice.features
    if not features:
        return Drivers(n=len(raw)), "no theme or segment is frequent enough to be a driver"
    fit = _fit(np.column_stack([feature.column for feature in features]), raw.to_numpy(dtype=np.float64))
    explained = rounded(fit.explained)
    if explained <= 0:
        note = "themes and segments explain nothing of the score on held-out records"
        return Drivers(n=len(raw), explained=explained), note
    found = [_driver(each, fit, i) for i, each in enumerate(features) if each.told and fit.importance[i] > 0]
    best = sorted(found, key=lambda driver: (-driver.importance, driver.feature))[:TOP]
    notes = [f"{name} adds too little to the other segments to be told apart" for name in choice.left_out]
    return Drivers(n=len(raw), explained=explained, drivers=tuple(best)), "; ".join([*notes, ASSOCIATION])


def _driver(feature: Feature, fit: _Fit, i: int) -> Driver:
    value, low, high = fit.effects[i]
    return Driver(
        feature=feature.name, kind=feature.kind, label=feature.label,
        effect=estimate(value, low, high, feature.records, "hc3"), importance=rounded(fit.importance[i]),
        n=feature.records,
    )  # fmt: skip


def _fit(columns: Floats, score: Floats) -> _Fit:
    """Ridge regression on four fifths, judged on the fifth that it has not seen, five times over."""
    residuals = np.empty_like(score)
    losses = np.zeros(columns.shape[1])
    for train, test in KFold(FOLDS, shuffle=True, random_state=SEED).split(columns):
        model = RidgeCV(_PENALTIES).fit(columns[train], score[train])
        residuals[test] = score[test] - model.predict(columns[test])
        losses += len(test) * shuffling_loss(columns[test], residuals[test], model.coef_)
    variance = float(score.var())
    return _Fit(
        explained=1 - float(np.mean(residuals**2)) / variance,
        importance=losses / len(score) / variance,
        effects=_effects(columns, score),
    )


def shuffling_loss(columns: Floats, residuals: Floats, slopes: Floats) -> Floats:
    """Permutation importance of every column: the rise of the mean squared error when it is shuffled.

    For a linear model the mean over all shuffles has a closed form (Fisher, Rudin & Dominici 2019, JMLR 20(177)):
    a shuffled column is uncorrelated with everything, so E(r + b(x - x'))² - E r² = 2 b cov(r, x) + 2 b² var(x).
    """
    centred = columns - columns.mean(axis=0)
    covariances = residuals @ centred / len(residuals)
    return np.asarray(2 * slopes * covariances + 2 * slopes**2 * np.mean(centred**2, axis=0))


def _effects(columns: Floats, score: Floats) -> Floats:
    """Least-squares effects with intervals that hold when variances differ (HC3, MacKinnon & White 1985)."""
    design = np.column_stack([np.ones(len(score)), columns])
    fitted = OLS(score, design).fit(cov_type="HC3")
    return np.column_stack([fitted.params, fitted.conf_int(1 - LEVEL)])[1:]
