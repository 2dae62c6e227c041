"""What a judgement is made of."""

from dataclasses import dataclass
from typing import Final

KINDS: Final = {
    "lost": "a run has no trace", "unexpected": "a run has a trace that it should not have",
    "split": "a run is in more than one trace", "shared": "a trace is that of more than one run",
    "stray": "a trace is of no run", "root": "a trace has not one accepted request and an attempt's end",
    "edge": "two spans do not hang together that must", "orphan": "a span's parent was never received",
    "parent": "a span hangs below one that it may not", "twice": "two spans have one id",
    "name": "a span is not in the table", "kind": "a span is of another kind", "service": "or of another service",
    "attribute": "an attribute is not in the table", "time": "a span ended before it began",
    "join": "a join does not link to a part that was done before", "attempt": "an attempt does not link to the last",
    "again": "a span came more often than processes were killed",
    "dangling": "a link leads to a span that was never received",
}  # fmt: skip
"""Every kind of finding and what it says."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    """One of `KINDS`."""
    run: str
    """Empty where no run is known."""
    what: str
