"""Nothing personal and no secret lies anywhere that it should not, however a run goes."""

import json
from collections.abc import Iterable, Iterator

import pytest
from tests.security import places
from tests.security.canaries import PREFIX, Hit
from tests.security.story import ENDS, Story, told

from millrace.storage.aws import Clients
from millrace.storage.settings import StorageSettings

SECRETS = ("link_secret", "message_secret", "key_pepper")
"""Fields of the stack. Of an API key and of a signing secret, only what follows its public beginning is one."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with told(tmp_path_factory.mktemp("canary")) as whole:
        for name in SECRETS:
            whole.canaries.watch(name, getattr(whole.stack, name))
        whole.canaries.watch("api key", whole.stack.api_key.split("_", 2)[2])
        whole.canaries.watch("signing secret", whole.stack.secret.removeprefix("whsec_"))
        yield whole


@pytest.fixture(scope="module")
def clients(story: Story) -> Iterator[Clients]:
    made = Clients(StorageSettings(aws_endpoint_url=story.stack.servers["moto"].url), credentials=("local", "local"))
    yield made
    made.close()


def hits(story: Story, found: Iterable[tuple[str, bytes]]) -> list[Hit]:
    """What was found, once for each canary and place, and told in full by the test that fails."""
    looked = list(found)
    assert looked, "there was nothing to look at"
    seen = {(hit.canary, hit.where): hit for where, data in looked for hit in story.canaries.search(where, data)}
    for hit in seen.values():
        print(f"{hit.canary} | {hit.where} | {hit.around!r}")
    return list(seen.values())


def test_the_story_went_every_way_that_it_is_about(story: Story):
    assert {chapter: story.ended[chapter] for chapter in ENDS if story.ended[chapter] not in ENDS[chapter]} == {}
    bad = {name: status for name, status in story.statuses.items() if name.startswith(("bad", "bomb"))}
    assert {name: status for name, status in bad.items() if not 400 <= status < 500} == {}
    assert 503 in story.statuses.values() and 500 not in story.statuses.values(), story.statuses


def test_the_tenant_gets_back_what_was_sent(story: Story):
    """Else nothing would be found because nothing was kept."""
    told = [story.call(f"look at {name}", "GET", f"runs/{run_id}").content for name, run_id in story.runs.items()]
    back = {hit.canary for content in told for hit in story.canaries.search("run", content)}
    assert {"json: metadata key", "json: metadata value", "cancelled: metadata value", "reason"} <= back


def test_logs_health_and_file_names(story: Story):
    assert hits(story, places.files(story.stack.folder)) == []


def test_every_line_of_the_api_is_one_json_object(story: Story):
    """Nothing that a caller sends begins a line of its own. Workers' logs begin with words of Celery."""
    lines = (story.stack.folder / "logs" / "ingestion.log").read_text().splitlines()
    assert len(lines) > 10
    odd = [line for line in lines if not isinstance(_parsed(line), dict)]
    assert odd == []


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def test_error_reports(story: Story):
    assert hits(story, story.errors.requests) == []


def test_spans(story: Story):
    assert hits(story, story.spans.requests) == []


def test_what_is_left_in_redis(story: Story):
    assert hits(story, places.redis(story.stack.servers["redis"].url)) == []


def test_what_ever_went_through_redis_queues_included(story: Story):
    assert len(story.commands) > 1000
    assert hits(story, (("redis command", command) for command in story.commands)) == []


def test_tables(story: Story, clients: Clients):
    assert hits(story, places.dynamodb(clients)) == []


def test_objects(story: Story, clients: Clients):
    assert hits(story, places.s3(clients)) == []


def test_command_lines(story: Story):
    assert hits(story, places.command_lines(story.stack)) == []


def test_environments_hold_secrets_only(story: Story):
    personal = {name for name, text in story.canaries.sent.items() if text.startswith(PREFIX)}
    assert [hit for hit in hits(story, places.environments(story.stack)) if hit.canary in personal] == []
