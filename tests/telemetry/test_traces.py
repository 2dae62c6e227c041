"""One trace per run, over a local stack of real processes, whatever happens to its messages."""

from collections import Counter

import pytest
from tests.telemetry.findings import KINDS
from tests.telemetry.story import Story

from millrace.contracts.run import RunStatus
from millrace.contracts.tracing import parse

WHOLE = ("well", "beside", "third", "fourth", "retried", "killed")
"""Chapters whose runs went through everything."""
NOT_HERE = {"dangling"}
"""Judged below: a child that was killed has told of an outcome, and never of its span."""


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - NOT_HERE))
def test_nothing_is_wrong_with_any_trace(story: Story, kind: str) -> None:
    assert [finding for finding in story.verdict.findings if finding.kind == kind] == []


def test_every_run_that_was_asked_for_or_ended_badly_has_exactly_one_trace(story: Story) -> None:
    assert {"partial", "cancelled", *WHOLE} <= story.runs.keys()
    assert story.verdict.spans.keys() == {view.run_id for view in story.kept}
    assert story.verdict.traces == len(story.kept)


def test_a_link_leads_nowhere_only_where_a_process_was_killed(story: Story) -> None:
    runs = [finding.run for finding in story.verdict.findings if finding.kind == "dangling"]
    assert set(runs) <= {story.runs["killed"].run_id}


@pytest.mark.parametrize("chapter", [*WHOLE, "cancelled"])
def test_the_producers_trace_is_the_runs(story: Story, chapter: str) -> None:
    # given
    sent = parse(story.world.sent[story.runs[chapter].run_id])
    # then
    trace = story.trace(chapter)
    (accepted,) = trace.named("POST /v1/runs")
    assert sent is not None
    assert (trace.trace_id, accepted.parent_id) == (sent.trace_id, sent.span_id)


def test_the_callback_says_which_span_it_is(story: Story) -> None:
    for chapter in WHOLE:
        # when
        (callback,) = story.world.under_test.callbacks(story.runs[chapter])
        said = parse(callback["headers"]["traceparent"])
        # then
        assert said is not None
        assert said.span_id in {span.span_id for span in story.trace(chapter).named("POST callback")}


def test_a_retry_is_a_span_of_its_own_in_the_same_place(story: Story) -> None:
    # when
    tried = [span for span in story.trace("retried").named("process nlp.") if span.attributes["retries"]]
    # then
    assert tried, "nobody tried again"
    for again in tried:
        work = [again.attributes[name] for name in ("task", "step", "part")]
        before = [
            span for span in story.trace("retried").named("process nlp.")
            if [span.attributes[name] for name in ("task", "step", "part")] == work and span is not again
        ]  # fmt: skip
        assert [span.attributes["status"] for span in before] == ["retried"]


def test_who_is_killed_leaves_no_half_of_a_part(story: Story) -> None:
    # when
    parts = Counter(
        (span.name, span.attributes["step"], span.attributes["part"])
        for span in story.trace("killed").named("process analytics.")
    )
    # then: it was begun twice and told of once, or both times when the kill came after it was told
    assert parts and all(times <= 2 for times in parts.values())
    assert any(span.attributes.get("redelivered") for span in story.trace("killed").named("process analytics."))


def test_a_second_attempt_is_in_the_trace_of_the_first(story: Story) -> None:
    # when
    attempts = {span.attributes["attempt"]: span for span in story.trace("partial").named("run") if span.name == "run"}
    # then
    assert attempts.keys() == {1, 2}
    assert attempts[2].links == ((attempts[1].trace_id, attempts[1].span_id),)


def test_a_bad_run_that_nobody_chose_is_kept_whole(story: Story) -> None:
    # given
    view = story.runs["partial"]
    assert view.attempts[0].status is RunStatus.PARTIAL
    # then
    services = {span.service for span in story.trace("partial").spans}
    assert services >= {"ingestion", "orchestrator", "dataset_conversations", "dataset_customers", "analytics"}


def test_a_good_run_that_nobody_chose_leaves_nothing(story: Story) -> None:
    # given
    view = story.runs["left out"]
    assert view.status is RunStatus.COMPLETED
    # then
    sent = parse(story.world.sent[view.run_id])
    assert sent is not None
    assert [span for span in story.spans if span.trace_id == sent.trace_id] == []
