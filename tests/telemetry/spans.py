"""How the spans of one trace hang together."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from millrace.testing.otlp import Span


def key(span: Span) -> tuple[str, str]:
    """What a link to it says."""
    return span.trace_id, span.span_id


@dataclass(frozen=True)
class Trace:
    """All spans of one trace that were received."""

    trace_id: str
    spans: tuple[Span, ...]

    @cached_property
    def by_id(self) -> dict[str, Span]:
        """The spans by their id; the first where an id came twice."""
        found: dict[str, Span] = {}
        for span in self.spans:
            found.setdefault(span.span_id, span)
        return found

    @property
    def runs(self) -> frozenset[str]:
        """Runs that its spans name."""
        return frozenset(str(span.attributes["run_id"]) for span in self.spans if "run_id" in span.attributes)

    def parent(self, span: Span) -> Span | None:
        """Its parent; None when it has none here."""
        return self.by_id.get(span.parent_id)

    def named(self, *starts: str) -> Iterator[Span]:
        """Spans whose names begin so."""
        return (span for span in self.spans if span.name.startswith(starts))


def traces(spans: Iterable[Span]) -> list[Trace]:
    """The traces, in the order of their ids."""
    by_trace: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_trace[span.trace_id].append(span)
    return [Trace(trace_id, tuple(found)) for trace_id, found in sorted(by_trace.items())]
