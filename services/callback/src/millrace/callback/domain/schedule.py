"""When a failed delivery is tried again. All of it is in the run record: the sweep sends what has come due."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (1, 2, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Waits after each failed attempt: quick ones within the run's budget, then as the table of Standard Webhooks 1.0.0
spreads them over a little more than three days."""
SPREAD = 0.1
"""By how much of itself a wait may be longer, so that consumers that failed together do not come back together."""
LONGEST = RETRIES[-1]
"""More than this nobody is waited for, whatever `Retry-After` says."""
PATIENCE = timedelta(days=4)
"""How long after a run's end, or after a replay was asked for, a delivery is given up, whatever `Retry-After` asks for,
and for how long it gives way while its endpoint is slow. Longer than the table."""

GONE = 410
"""The consumer says: never again."""
TOO_MUCH = frozenset({429, 502, 504})
"""The consumer, or what stands before it, has too much to do (Standard Webhooks 1.0.0, "Delivery success")."""


def next_wait(made: int, jitter: float, asked_s: float = 0.0) -> timedelta | None:
    """The wait after `made` attempts; None to give up.

    `jitter` between 0 and 1 spreads consumers out. `asked_s`: what `Retry-After` asked for; less than it is not
    waited, unless that would be more than a day.
    """
    if made > len(RETRIES):
        return None
    return max(RETRIES[made - 1], bounded(asked_s)) * (1 + SPREAD * jitter)


def bounded(asked_s: float) -> timedelta:
    """What a consumer asked for, as far as it is granted."""
    return min(timedelta(seconds=max(0.0, min(asked_s, LONGEST.total_seconds()))), LONGEST)


def retry_after_s(value: str, at: datetime) -> float:
    """Seconds that `Retry-After` asks for, given as a number or as a date (RFC 9110, 10.2.3); 0 when it is neither."""
    value = value.strip()
    # No more digits than a float has: a thousand of them would be an error.
    if value.isdecimal() and value.isascii():
        return float(value[:15])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, (moment.replace(tzinfo=at.tzinfo) - at).total_seconds())
