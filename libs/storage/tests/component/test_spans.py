"""Calls of stores as spans: what was done, at which store, how it went, and nothing of what it was about."""

from collections.abc import Iterator

import pytest

from millrace.contracts.artifacts import JSON
from millrace.storage.connect import Stores
from millrace.storage.errors import NotFound
from millrace.telemetry.tracing import attached, span
from millrace.testing.factories import run_record
from millrace.testing.recording import Recording, recording

PLACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording("nlp") as made:
        yield made


def test_calls_are_spans_below_the_work_and_name_their_store(recorded: Recording, stores: Stores) -> None:
    # given
    record = run_record()
    # when
    with attached(PLACE), span("join a"):
        ref, _ = stores.artifacts.put(tenant="acme", key="k", data=b"x", media_type=JSON, schema_name="x/1")
        stores.artifacts.get("acme", ref)
        stores.artifacts.delete("acme", ref)
        stores.runs.create(record)
        stores.runs.replace(stores.runs.get("acme", record.run_id))
    # then
    work, found = recorded.span("join a"), recorded.spans()
    assert [(each.name, dict(each.attributes), each.kind) for each in found[:-1]] == [
        (f"{verb} artifact", {"store": "redis"}, "client") for verb in ("put", "get", "delete")
    ] + [(f"{verb} run", {"store": "dynamodb"}, "client") for verb in ("create", "get", "replace")]
    assert {each.parent_id for each in found[:-1]} == {work.span_id}
    assert record.run_id not in repr(found)


def test_that_something_is_not_there_is_an_answer_and_no_error(recorded: Recording, stores: Stores) -> None:
    # when
    with attached(PLACE), span("join a"), pytest.raises(NotFound):
        stores.runs.get("acme", run_record().run_id)
    # then
    found = recorded.span("get run")
    assert (found.error, found.attributes["error.type"]) == (False, "NotFound")


def test_where_nothing_is_recorded_a_call_makes_no_span(recorded: Recording, stores: Stores) -> None:
    # when
    with pytest.raises(NotFound), attached(PLACE[:-2] + "00"):
        stores.runs.get("acme", run_record().run_id)
    # then
    assert recorded.spans() == []
