"""Where a run, its stages and its parts stand in a trace.

A run is one trace: that of the request which was accepted. The ids of its own spans follow from its record, so that
whoever carries a run on, after any crash, speaks of the same spans, and nobody has to hand them on.
https://www.w3.org/TR/trace-context/#traceparent-header
"""

import hashlib
import re
from dataclasses import dataclass, replace

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})\Z")
_SAMPLED = 0x01


@dataclass(frozen=True, kw_only=True)
class TraceContext:
    """A span as others may refer to it."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    sampled: bool

    @property
    def traceparent(self) -> str:
        """As the header writes it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def parse(traceparent: str | None) -> TraceContext | None:
    """The context that the header names; None for none, and for what is no header of version 00."""
    found = _TRACEPARENT.match(traceparent or "")
    if found is None:
        return None
    return TraceContext(trace_id=found[1], span_id=found[2], sampled=bool(int(found[3], 16) & _SAMPLED))


def sampled(traceparent: str | None) -> bool:
    """Whether the header's trace is recorded; not when there is none."""
    context = parse(traceparent)
    return context is not None and context.sampled


def flagged(traceparent: str | None, sampled: bool) -> str | None:
    """The same place with its trace recorded or not; None when there is no trace."""
    context = parse(traceparent)
    return replace(context, sampled=sampled).traceparent if context else None


def run_context(accepted: str | None, run_id: str, attempt: int) -> str | None:
    """Traceparent of the span of a run's attempt. `accepted`: that of the request; None when there is no trace."""
    return within(accepted, "run", run_id, attempt)


def stage_context(accepted: str | None, run_id: str, attempt: int, recoveries: int, stage: str) -> str | None:
    """Traceparent of the span of a stage, which an attempt may go through again after each of its recoveries."""
    return within(accepted, "stage", run_id, attempt, recoveries, stage)


def within(traceparent: str | None, *names: object) -> str | None:
    """Traceparent of another span of that trace, whose id follows from these names; None when there is no trace."""
    context = parse(traceparent)
    if context is None:
        return None
    span_id = hashlib.sha256("\0".join(map(str, names)).encode()).hexdigest()[:16]
    return TraceContext(trace_id=context.trace_id, span_id=span_id, sampled=context.sampled).traceparent
