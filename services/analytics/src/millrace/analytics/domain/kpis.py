"""The scores of a batch with their intervals."""

import numpy as np
import pandas as pd

from millrace.analytics.domain import estimates
from millrace.analytics.domain.ratings import of_scale, step_of, steps, values
from millrace.contracts.insights import Bucket, Estimate, Kpis, Score
from millrace.contracts.records import Scale

PROMOTER, DETRACTOR = 9.0, 6.0
"""Promoters give 9 or 10, detractors 0 to 6 (Reichheld 2003, Harvard Business Review 81(12))."""

SATISFIED = {Scale.CSAT: 4.0, Scale.STARS5: 4.0, Scale.CES: 6.0, Scale.STARS10: 9.0}
"""The lower of each scale's two highest answers: top-two-box satisfaction (Morgan & Rego 2006, Marketing Science
25(5)), which compares batches better than a mean. CES is often told as the three highest of seven; here it is two."""
MIN_CUSTOMERS = 5
"""Fewer are no average but people."""


def measure_kpis(
    ratings: pd.DataFrame, tickets: pd.DataFrame | None = None, customers: pd.DataFrame | None = None
) -> Kpis:
    """Scores by rating scale, how fast tickets are answered, and how often customers get in touch.

    The tables have the columns of their contracts; what rests on one that is missing is None.
    """
    dated = ratings["created_at"].dropna()
    kinds = sorted(ratings["kind"].unique(), key=lambda kind: (-(ratings["kind"] == kind).sum(), kind))
    return Kpis(
        records=len(ratings),
        rated=len(ratings),
        scores=tuple(_score(of_scale(ratings, Scale(kind)), Scale(kind)) for kind in kinds),
        first_at=None if dated.empty else dated.min().to_pydatetime(),
        last_at=None if dated.empty else dated.max().to_pydatetime(),
        first_reply_s=_median(tickets, "first_reply_s"),
        resolution_s=_median(tickets, "resolution_s"),
        contacts_per_customer=_contacts(customers),
        note="nothing is rated" if ratings.empty else "",
    )


def _score(ratings: pd.DataFrame, scale: Scale) -> Score:
    raw = values(ratings)
    return Score(
        kind=scale.value,
        mean=estimates.mean(raw, scale.bounds),
        norm=estimates.mean(values(ratings, "norm"), (0.0, 1.0)),
        distribution=_distribution(scale, raw),
        nps=_nps(raw) if scale is Scale.NPS else None,
        satisfied=_satisfied(scale, raw) if scale in SATISFIED else None,
    )


def _distribution(scale: Scale, raw: estimates.Floats) -> tuple[Bucket, ...]:
    of_ratings, n = step_of(scale, raw), len(raw)
    counts = [(float(step), int(np.sum(of_ratings == step))) for step in steps(scale)]
    return tuple(Bucket(value=step, count=count, share=estimates.share(count, n)) for step, count in counts)


def _nps(raw: estimates.Floats) -> Estimate:
    answers = step_of(Scale.NPS, raw)
    promoters, detractors = int(np.sum(answers >= PROMOTER)), int(np.sum(answers <= DETRACTOR))
    return estimates.net(promoters, detractors, len(raw), scale=100.0)


def _satisfied(scale: Scale, raw: estimates.Floats) -> Estimate:
    return estimates.share(int(np.sum(step_of(scale, raw) >= SATISFIED[scale])), len(raw))


def _contacts(customers: pd.DataFrame | None) -> Estimate | None:
    """Mean conversations per customer. Everybody known has at least one, so the interval is that of the others."""
    if customers is None or len(customers) < MIN_CUSTOMERS:
        return None
    further = estimates.count_mean(values(customers, "contacts") - 1)
    return estimates.estimate(further.value + 1, further.low + 1, further.high + 1, further.n, further.method)


def _median(tickets: pd.DataFrame | None, column: str) -> Estimate | None:
    return None if tickets is None else estimates.median(values(tickets, column))
