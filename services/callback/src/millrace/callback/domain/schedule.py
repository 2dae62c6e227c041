"""When a failed delivery is tried again."""

from datetime import timedelta

RETRIES = tuple(
    timedelta(seconds=seconds) for seconds in (2, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Waits after each failed attempt: two quick ones, then as the table of Standard Webhooks 1.0.0 spreads them."""

GONE = 410
"""The consumer says: never again."""


def next_wait(made: int, jitter: float) -> timedelta | None:
    """The wait after `made` attempts; None to give up. `jitter` between 0 and 1 spreads consumers out by up to 10 %."""
    return RETRIES[made - 1] * (1 + 0.1 * jitter) if made <= len(RETRIES) else None
