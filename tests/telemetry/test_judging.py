"""A judge that cannot find anything is none: every kind of fault, planted one at a time."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.telemetry.edges import of_every_run
from tests.telemetry.findings import KINDS
from tests.telemetry.judging import judge
from tests.telemetry.spans import key
from tests.telemetry.told import FLOW, OTHER, RUN_ID, TRACE, journey, plain

from millrace.testing.otlp import Span

EXPECTED = {RUN_ID: of_every_run(FLOW)}
Change = Callable[[list[Span]], list[Span]]


def named(spans: list[Span], name: str) -> Span:
    return next(span for span in spans if span.name == name)


def changed(name: str, **changes: object) -> Change:
    """One span of this name is another."""
    return lambda spans: [replace(span, **changes) if span is named(spans, name) else span for span in spans]


def without(name: str) -> Change:
    return lambda spans: [span for span in spans if span.name != name]


def another(**changes: object) -> Change:
    """One span more."""
    given = {"trace_id": TRACE, "span_id": "f" * 16, "service": "nlp", "name": "get artifact", "kind": "client"}
    return lambda spans: [*spans, plain(**given | changes)]


def below(parent: str, **changes: object) -> Change:
    return lambda spans: another(parent_id=named(spans, parent).span_id, **changes)(spans)


def second_attempt(link: bool) -> Change:
    """Another attempt of the run, with or without a link to the first."""

    def planted(spans: list[Span]) -> list[Span]:
        first = named(spans, "run")
        fresh = replace(
            first, span_id="e" * 16, attributes={**first.attributes, "attempt": 2}, links=(key(first),) if link else ()
        )
        return [*spans, fresh]

    return planted


FAULTS: dict[str, Change] = {
    "lost": lambda spans: [],
    "unexpected": lambda spans: [*spans, *journey(OTHER, "b" * 32)],
    "split": another(trace_id="c" * 32, attributes={"run_id": RUN_ID}),
    "shared": below("process nlp.annotate", attributes={"run_id": OTHER}),
    "stray": another(trace_id="d" * 32),
    "root": without("POST /v1/runs"),
    "edge": without("POST callback"),
    "orphan": without("wait nlp"),
    "parent": below("run", name="process nlp.topics", kind="consumer"),
    "twice": lambda spans: [*spans, replace(named(spans, "run"), end=99)],
    "name": below("process nlp.annotate", name="Think hard"),
    "kind": changed("run", kind="server"),
    "service": changed("POST callback", service="nlp"),
    "attribute": changed("wait nlp", attributes={"customer_name": "Ann"}),
    "time": changed("join annotate", end=0),
    "join": changed("join insight", links=()),
    "attempt": second_attempt(link=False),
    "again": lambda spans: [*spans, spans[3]],
    "dangling": changed("join report", links=((TRACE, "9" * 16),)),
}


def test_a_whole_trace_has_nothing_wrong():
    verdict = judge(journey(), EXPECTED)
    assert verdict.findings == ()
    assert (verdict.traces, verdict.repeated, verdict.spans) == (1, 0, {RUN_ID: len(journey())})


@pytest.mark.parametrize("kind", FAULTS)
def test_a_planted_fault_is_found(kind):
    # when
    verdict = judge(FAULTS[kind](journey()), EXPECTED)
    # then
    assert verdict.count(kind), verdict.findings


def test_every_kind_of_finding_was_planted():
    assert FAULTS.keys() == KINDS.keys()


@pytest.mark.parametrize("edge", EXPECTED[RUN_ID], ids=str)
def test_no_expected_edge_may_be_left_out(edge):
    # when everything is gone that the edge could lead to
    service, name = edge.child
    spans = [span for span in journey() if (span.service, span.name) != (service, name)]
    # then
    assert str(edge) in [finding.what for finding in judge(spans, EXPECTED).findings if finding.kind == "edge"]


def test_a_gap_needs_no_edge():
    spans = without("process nlp.summary")(journey())
    assert judge(spans, EXPECTED).count("edge") == 1
    assert judge(spans, {RUN_ID: of_every_run(FLOW, gaps={"summary"})}).count("edge") == 0


def test_the_producers_own_span_is_no_orphans_parent():
    assert judge(changed("POST /v1/runs", parent_id="a" * 16)(journey()), EXPECTED).findings == ()


def test_what_was_exported_twice_word_for_word_is_only_counted_where_a_process_was_killed():
    spans = journey()
    verdict = judge([*spans, spans[3]], EXPECTED, kills=1)
    assert (verdict.repeated, verdict.findings) == (1, ())
    assert judge([*spans, spans[3], spans[3]], EXPECTED, kills=1).count("again") == 1


def test_a_linked_attempt_is_fine():
    assert judge(second_attempt(link=True)(journey()), EXPECTED).count("attempt") == 0


def test_one_link_to_a_part_that_was_tried_twice_is_enough():
    # given a first try that ended without an error, as one does that is to be tried again
    def again(spans: list[Span]) -> list[Span]:
        return [*spans, replace(named(spans, "process nlp.annotate"), span_id="8" * 16)]

    assert judge(again(journey()), EXPECTED).findings == ()


def test_what_ends_after_the_join_needs_no_link():
    def late(spans: list[Span]) -> list[Span]:
        part = named(spans, "process nlp.summary")
        late = [replace(span, end=5000) if span is part else span for span in spans]
        join = named(late, "join insight")
        return [
            replace(span, links=tuple(link for link in span.links if link != key(part))) if span is join else span
            for span in late
        ]

    assert judge(late(journey()), EXPECTED).findings == ()


@pytest.mark.parametrize(("status", "strays"), [(503, 0), (202, 1)])
def test_only_a_request_that_was_refused_needs_no_run(status, strays):
    refused = another(
        trace_id="c" * 32, name="POST /v1/runs", service="ingestion", kind="server",
        attributes={"http.response.status_code": status},
    )  # fmt: skip
    verdict = judge(refused(journey()), EXPECTED)
    assert (verdict.count("stray"), verdict.refused, verdict.traces) == (strays, 1 - strays, 1 + strays)


def test_a_producer_may_have_been_refused_before_in_the_same_trace():
    refused = another(
        name="POST /v1/runs", service="ingestion", kind="server", attributes={"http.response.status_code": 429}
    )
    assert judge(refused(journey()), EXPECTED).findings == ()
    twice = another(name="POST /v1/runs", service="ingestion", kind="server")
    assert judge(twice(journey()), EXPECTED).count("root") == 1


def test_a_span_that_was_lost_with_its_process_stands_for_its_part():
    # given a part whose outcome was told and whose span was not, and which was delivered again
    def killed(spans: list[Span]) -> list[Span]:
        join, part = named(spans, "join insight"), named(spans, "process nlp.summary")
        links = tuple((TRACE, "9" * 16) if link == key(part) else link for link in join.links)
        return [replace(span, links=links) if span is join else span for span in spans]

    verdict = judge(killed(journey()), EXPECTED)
    assert (verdict.count("dangling"), verdict.count("join")) == (1, 0)
