"""The judge: from the spans that were received to everything that is wrong with them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.telemetry import edges, links
from tests.telemetry.edges import Edge
from tests.telemetry.findings import Finding
from tests.telemetry.names import candidates, spec_of
from tests.telemetry.spans import Trace, traces

from millrace.telemetry.attributes import SPAN_ATTRIBUTES
from millrace.telemetry.table import ACCEPT, RUN
from millrace.testing.otlp import Span


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was received, counted, and what is wrong with it."""

    traces: int
    spans: Mapping[str, int]
    """Run → spans of its traces."""
    refused: int
    """Traces of requests that were not accepted: they are of no run."""
    repeated: int
    """Spans that came more than once, word for word: whoever exported them died before he knew."""
    findings: Sequence[Finding]

    def count(self, *kinds: str) -> int:
        """How many findings are of these kinds."""
        return sum(finding.kind in kinds for finding in self.findings)


def judge(spans: Iterable[Span], expected: Mapping[str, Sequence[Edge]], kills: int = 0) -> Verdict:
    """`expected`: each run that must have a trace of its own → the edges that this must have. `kills`: how many
    processes were killed: as often may one span come again, word for word, from whoever carries on.
    """
    received = list(spans)
    once = {repr(span): span for span in received}
    every = traces(once.values())
    found = [trace for trace in every if not _refused(trace)]
    by_run: dict[str, list[Trace]] = defaultdict(list)
    for trace in found:
        for run in sorted(trace.runs):
            by_run[run].append(trace)
    findings = [*_runs(by_run, expected), *_again(received, kills)]
    for trace in found:
        findings += [*_trace(trace), *_spans(trace), *links.judge(trace)]
    counted = {run: sum(len(trace.spans) for trace in those) for run, those in by_run.items()}
    return Verdict(
        traces=len(found), spans=counted, refused=len(every) - len(found), repeated=len(received) - len(once),
        findings=tuple(findings),
    )  # fmt: skip


def _again(received: Sequence[Span], kills: int) -> Iterator[Finding]:
    for (span_id, name, run), times in Counter(map(_said, received)).items():
        if times > 1 + kills:
            yield Finding("again", run, f"the span {span_id} came {times} times: {name}")


def _said(span: Span) -> tuple[str, str, str]:
    return span.span_id, span.name, str(span.attributes.get("run_id", ""))


def _refused(trace: Trace) -> bool:
    """Whether nothing of the trace is of a run: only requests that were answered with an error, and what they did."""
    requests = [span for span in trace.spans if span.name == ACCEPT]
    return bool(requests) and all(map(_failed, requests)) and all(span.service == "ingestion" for span in trace.spans)


def _failed(request: Span) -> bool:
    """A producer may ask again in the same trace."""
    return int(request.attributes.get("http.response.status_code", 0)) >= 400


def _runs(by_run: Mapping[str, list[Trace]], expected: Mapping[str, Sequence[Edge]]) -> Iterator[Finding]:
    """Each run has one trace, and that has all its edges; nobody else has any."""
    for run, wanted in expected.items():
        own = by_run.get(run, [])
        if not own:
            yield Finding("lost", run, "it has no trace")
        for trace in own[:1]:
            for edge in edges.missing(trace, wanted):
                yield Finding("edge", run, str(edge))
    for run, own in by_run.items():
        if len(own) > 1:
            yield Finding("split", run, f"it is in {len(own)} traces: {', '.join(trace.trace_id for trace in own)}")
        if run not in expected:
            yield Finding("unexpected", run, f"nobody expects its trace {own[0].trace_id}")


def _trace(trace: Trace) -> Iterator[Finding]:
    runs = sorted(trace.runs)
    if len(runs) > 1:
        yield Finding("shared", runs[0], f"its trace {trace.trace_id} is that of {len(runs)} runs")
    if not runs:
        names = ", ".join(sorted({span.name for span in trace.spans}))
        yield Finding("stray", "", f"the trace {trace.trace_id} names no run: {names}")
    for span_id, times in Counter(span.span_id for span in trace.spans).items():
        if times > 1:
            names = ", ".join(sorted(span.name for span in trace.spans if span.span_id == span_id))
            yield Finding("twice", _run(trace), f"the span {span_id} is {times} spans: {names}")
    attempts = [span for span in trace.spans if span.name == RUN]
    accepted = [span for span in trace.spans if span.name == ACCEPT and not _failed(span)]
    if runs and len(accepted) != 1:
        yield Finding("root", runs[0], f"{len(accepted)} requests were accepted in one trace")
    if runs and not attempts:
        yield Finding("root", runs[0], "nothing says that an attempt ended")


def _spans(trace: Trace) -> Iterator[Finding]:
    for span in trace.spans:
        for kind, what in (*_orphan(trace, span), *_by_the_table(trace, span)):
            yield Finding(kind, _run(trace), f"{span.service} {span.name}: {what}")


def _orphan(trace: Trace, span: Span) -> Iterator[tuple[str, str]]:
    """Only an accepted request may have a parent that is not here: the producer's."""
    if span.name != ACCEPT and not span.parent_id:
        yield "orphan", "it has no parent"
    elif span.name != ACCEPT and trace.parent(span) is None:
        yield "orphan", f"its parent {span.parent_id} was never received"
    elif span.end < span.start:
        yield "time", "it ended before it began"


def _by_the_table(trace: Trace, span: Span) -> Iterator[tuple[str, str]]:
    spec = spec_of(span.name, span.kind)
    if spec is None:
        known = bool(candidates(span.name))
        yield ("kind", f"it is no {span.kind} span") if known else ("name", "it is not in the table")
        return
    if span.service not in spec.services:
        yield "service", "it is not of this service"
    for attribute in sorted(span.attributes.keys() - SPAN_ATTRIBUTES):
        yield "attribute", f"{attribute} is not in the table"
    parent = trace.parent(span)
    above = {each.name for each in candidates(parent.name)} if parent else set()
    if parent is not None and not above & set(spec.parents):
        yield "parent", f"it may not be a child of {parent.name}"


def _run(trace: Trace) -> str:
    return next(iter(sorted(trace.runs)), "")
