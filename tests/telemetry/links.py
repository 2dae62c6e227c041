"""What spans must link to beside their parents: a join to every part, an attempt to the one before it."""

from collections import defaultdict
from collections.abc import Iterator

from tests.telemetry.findings import Finding
from tests.telemetry.spans import Trace, key

from millrace.contracts.catalogue import PARTS
from millrace.telemetry.table import RUN
from millrace.testing.otlp import Span

_PARTS = frozenset(f"process {spec.name}" for spec in PARTS)


def judge(trace: Trace) -> Iterator[Finding]:
    """Everything that is wrong with the links of one trace."""
    run = next(iter(sorted(trace.runs)), "")
    yield from (Finding("join", run, what) for what in _joins(trace))
    yield from (Finding("attempt", run, what) for what in _attempts(trace))
    for span in trace.spans:
        for trace_id, span_id in span.links:
            if trace_id == trace.trace_id and span_id not in trace.by_id:
                yield Finding("dangling", run, f"{span.name} links to {span_id}, which was never received")


def _joins(trace: Trace) -> Iterator[str]:
    """A part that was done before its stage was joined is linked from there; one of its spans is enough.

    Of retries and redeliveries only one gives the outcome. Who is killed between his outcome and his span leaves a
    link that leads nowhere, which stands for one part whose other span is not linked.
    """
    joins: dict[tuple[int, str], list[Span]] = defaultdict(list)
    for span in trace.named("join "):
        joins[_attempt(span), span.name.removeprefix("join ")].append(span)
    for (attempt, stage), own in sorted(joins.items()):
        linked = {link for join in own for link in join.links}
        lost = sum(span_id not in trace.by_id for _, span_id in linked)
        for step, part in _unlinked(trace, attempt, stage, linked, max(join.start for join in own))[lost:]:
            yield f"join {stage} of attempt {attempt} does not link to {step}.{part}"


def _unlinked(
    trace: Trace, attempt: int, stage: str, linked: set[tuple[str, str]], joined: int
) -> list[tuple[str, str]]:
    """Steps and numbers of the parts that were done by then and are not linked."""
    done: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in trace.spans:
        given = span.attributes
        if span.name in _PARTS and not span.error and (_attempt(span), given.get("stage")) == (attempt, stage):
            done[str(given.get("step", "")), str(given.get("part", ""))].append(span)
    return sorted(
        work for work, spans in done.items()
        if any(span.end <= joined for span in spans) and not any(key(span) in linked for span in spans)
    )  # fmt: skip


def _attempts(trace: Trace) -> Iterator[str]:
    """The spans of the attempts, by their numbers."""
    attempts = {_attempt(span): span for span in trace.spans if span.name == RUN}
    for number, span in sorted(attempts.items()):
        before = attempts.get(number - 1)
        if number > 1 and (before is None or key(before) not in span.links):
            yield f"attempt {number} does not link to attempt {number - 1}"


def _attempt(span: Span) -> int:
    return int(span.attributes.get("attempt", 1))
