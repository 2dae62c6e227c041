"""Why was it slow? The API's answer for runs whose delay was planted."""

import httpx
from tests.telemetry.story import DELAY_S, Story

from millrace.contracts.journey import Phase, RunJourney
from millrace.contracts.tracing import parse

SHARE = 0.7
"""Of the delay that must be seen where it was planted: a machine that is slow elsewhere takes nothing away from it."""


def journey(story: Story, chapter: str) -> RunJourney:
    run_id, stack = story.runs[chapter].run_id, story.world.stack
    answer = httpx.get(
        f"{stack.api_url}/v1/runs/{run_id}/journey", headers={"authorization": f"Bearer {stack.api_key}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    return RunJourney.model_validate_json(answer.content)


def test_a_slow_part_is_named_first_with_its_service(story: Story) -> None:
    # when
    found = journey(story, "slow")
    # then
    first = found.causes[0]
    assert (first.phase, first.service) == (Phase.COMPUTE, "nlp"), found.causes
    assert first.seconds >= DELAY_S * SHARE


def test_a_queue_that_nobody_emptied_is_named_first(story: Story) -> None:
    # when
    found = journey(story, "queued")
    # then
    first = found.causes[0]
    assert (first.phase, first.queue) == (Phase.QUEUE, "analytics"), found.causes
    assert first.seconds >= DELAY_S * SHARE


def test_the_answer_adds_up_and_leads_to_the_trace(story: Story) -> None:
    for chapter in ("well", "slow", "queued", "killed"):
        # when
        found = journey(story, chapter)
        # then
        sent = parse(story.world.sent[found.run_id])
        assert sent is not None
        assert found.trace_id == sent.trace_id
        assert abs(sum(each.seconds for each in found.phases) - found.seconds) < 0.01


def test_ingestions_time_ends_where_it_sent_the_message_that_begins_the_run(story: Story) -> None:
    # when
    found = journey(story, "well")
    # then
    told = [each for row in found.rows for each in row.intervals if each.source == "start_sent_at"]
    assert {(each.phase, each.service) for each in told} == {(Phase.ACCEPT, "ingestion")}
