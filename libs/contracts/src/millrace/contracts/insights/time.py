"""What changes: trends, change points, anomalies, what rises, what comes next."""

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.insights.common import Estimate, Quote


class Point(Message):
    """One period of a series."""

    at: Timestamp
    value: float
    n: int


class Trend(Message):
    """How one metric moved."""

    metric: str
    period: str
    """`day` or `week`."""
    points: tuple[Point, ...]
    slope: Estimate | None = None
    """Change per period (Theil-Sen), where there are enough periods."""
    p_value: float | None = None
    """Mann-Kendall test against no trend."""
    direction: str = "unclear"
    """`up`, `down`, `flat` or `unclear`."""


class Trends(Message):
    """The movement of scores and volume."""

    series: tuple[Trend, ...] = ()
    note: str = ""
    """Why there is nothing to see, in words."""


class ChangePoint(Message):
    """A day at which the level of a metric changed for good."""

    metric: str
    """`volume` (records a day), `mean_<scale>`, `sentiment`, or a share of the records with text: `theme.<id>` of those
    that mention the theme, `complaints.<id>` of those that say something bad of it."""
    label: str
    at: Timestamp
    """Begin of the first period at the new level."""
    before: Estimate
    after: Estimate
    difference: Estimate
    p_value: float
    """Adjusted over all metrics that were tested."""
    evidence: tuple[str, ...] = ()


class Anomaly(Message):
    """A single period that stands out from its surroundings."""

    metric: str
    label: str
    at: Timestamp
    value: float
    expected: float
    score: float
    """Robust z: distance in median absolute deviations (scaled to a normal's standard deviation)."""
    n: int
    evidence: tuple[str, ...] = ()


class Changes(Message):
    """When something changed, and which days stand out."""

    change_points: tuple[ChangePoint, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    periods: int = 0
    """Days that were looked at."""
    metrics: int = 0
    """Series that were tested."""
    note: str = ""


class EmergingTheme(Message):
    """A theme, reason or phrase that is mentioned more than before."""

    id: str
    label: str
    kind: str
    """`theme`, `reason` or `phrase`."""
    recent: int
    """Conversations of the recent window that mention it; a record without a thread is one."""
    before: int
    ratio: Estimate
    """Rate now through rate before, shrunk towards 1."""
    p_value: float
    """Adjusted over all candidates (Benjamini-Hochberg)."""
    quotes: tuple[Quote, ...] = ()


class Emerging(Message):
    """What is rising against the batch's own history."""

    themes: tuple[EmergingTheme, ...] = ()
    recent_from: Timestamp | None = None
    tested: int = 0
    note: str = ""


class ForecastPoint(Message):
    """One future period with its interval."""

    at: Timestamp
    value: float
    low: float
    high: float


class Forecast(Message):
    """What to expect of one metric."""

    metric: str
    """`volume` or `mean_<scale>`."""
    period: str
    level: float
    """Of the intervals: 0.8."""
    method: str
    """The method that won the back-test, or `seasonal-naive` where none beat it."""
    points: tuple[ForecastPoint, ...]
    error: float
    """Mean absolute error over the back-test."""
    naive_error: float
    """The same of the seasonal-naive forecast."""
    covered: float
    """Share of the back-test's values that fell into their intervals."""
    tested: int
    """Values of the back-test."""


class Forecasts(Message):
    """The next days, as far as the past tells."""

    series: tuple[Forecast, ...] = ()
    note: str = ""
