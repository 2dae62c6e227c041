"""What the orchestrator tells of a run: live for one that is sampled, at its end for one that turned out badly."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from services.orchestrator.tests.component.world import World

from millrace.contracts.messages import Advance, Cancel, Redrive
from millrace.contracts.outcome import INPUT_LOST, Timings
from millrace.contracts.run import RunStatus
from millrace.contracts.tracing import parse
from millrace.orchestrator import tracing as orchestrator
from millrace.telemetry import tracing
from millrace.testing.factories import START, succeeded
from millrace.testing.metering import changes, read
from millrace.testing.otlp import Span
from millrace.testing.recording import Recording, recording
from millrace.worker import handling
from millrace.worker.handling import Handling

SECOND = timedelta(seconds=1)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST = "00f067aa0ba902b7"


@pytest.fixture
def recorded() -> Iterator[Recording]:
    with recording("orchestrator") as found:
        yield found


def traced(world: World, flags: str = "01") -> World:
    world.runs.replace(world.record.model_copy(update={"traceparent": f"00-{TRACE}-{REQUEST}-{flags}"}))
    return world


@contextmanager
def at_work(world: World, waited_s: float = 0.0, redelivered: bool = False) -> Iterator[None]:
    """A message is carried out, as the worker has it."""
    sent = world.at - timedelta(seconds=waited_s)
    handling.begin(
        Handling(task="any", queue="any", sent_at=sent, began_at=world.at, redelivered=redelivered)
    )  # fmt: skip
    try:
        yield
    finally:
        handling.end()


def ids(spans: list[Span]) -> set[str]:
    return {span.span_id for span in spans}


def own(traceparent: str | None) -> str:
    place = parse(traceparent)
    assert place is not None
    return place.span_id


def orphans(spans: list[Span]) -> list[str]:
    return [span.name for span in spans if span.parent_id not in (ids(spans) | {REQUEST, ""})]


def timed(began: datetime) -> Timings:
    return Timings(published_at=began, sent_at=began, started_at=began + SECOND / 10, ended_at=began + SECOND / 5)


def test_a_run_is_told_stage_by_stage_and_as_a_whole_at_its_end(recorded: Recording, world: World) -> None:
    # when
    traced(world).finish()
    # then
    spans = [span for span in recorded.spans() if not span.name.startswith("join")]
    assert [span.name for span in spans] == [
        "stage datasets", "stage annotate", "stage insight", "stage report", "run",
    ]  # fmt: skip
    run = spans[-1]
    assert (run.span_id, run.parent_id, run.trace_id) == (own(world.record.span), REQUEST, TRACE)
    assert {span.parent_id for span in spans[:-1]} == {run.span_id}
    said = {
        name: run.attributes[name] for name in ("run_id", "tenant", "flow", "status", "attempt", "records", "missing")
    }
    assert said == {
        "run_id": world.run_id, "tenant": "acme", "flow": "customer-feedback", "status": "completed", "attempt": 1,
        "records": 3, "missing": 0,
    }  # fmt: skip


def test_a_join_links_to_every_part_and_not_only_to_the_last(recorded: Recording, world: World) -> None:
    # given
    traced(world).advance()
    steps = ("conversations", "ratings", "customers", "operations")
    for number, step in enumerate(steps):
        place = f"00-{TRACE}-{number:015x}f-01"
        world.tell("datasets", succeeded(step).model_copy(update={"traceparent": place}))
    # when
    with tracing.attached(world.record.span):
        world.advance("datasets")
    # then
    span = recorded.span("join datasets")
    assert span.links == tuple((TRACE, f"{number:015x}f") for number in range(4))
    assert (span.attributes["parts"], span.attributes["missing"]) == (4, 0)


def test_messages_about_a_stage_name_its_span(world: World) -> None:
    # given
    traced(world).run_to("annotate")
    # when / then
    assert world.record.place_of("annotate") == world.record.span_of(world.record.stage)
    assert world.record.place_of("no such stage") == world.record.span


def test_a_recovered_stage_is_told_and_what_follows_is_below_new_spans(recorded: Recording, world: World) -> None:
    # given
    traced(world).run_to("annotate")
    open_ = own(world.record.span_of(world.record.stage))
    world.lose(world.record.stages[0].steps[0].artifacts["units"][0])
    world.fail("annotate", "annotate", INPUT_LOST)
    # when
    world.advance("annotate")
    world.finish()
    # then
    first, second = recorded.spans("stage annotate")
    assert (first.span_id, first.attributes["status"]) == (open_, "recovered")
    assert second.span_id == own(world.record.span_of(world.record.stages[1])) != open_
    assert orphans(recorded.spans()) == []


def test_a_cancelled_run_is_told_without_its_reason(recorded: Recording, world: World) -> None:
    # given
    traced(world).run_to("annotate")
    # when
    world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id, reason="the file of Mrs Miller"))
    # then
    run, stage = recorded.span("run"), recorded.span("stage annotate")
    assert (run.attributes["status"], stage.attributes["status"], run.error) == ("cancelled", "cancelled", False)
    assert "Miller" not in repr(recorded.spans())


def test_a_redrive_links_back_to_the_attempt_before_it(recorded: Recording, world: World) -> None:
    # given
    traced(world).finish()
    first = own(world.record.span)
    # when
    world.attempts.redrive(Redrive(tenant="acme", run_id=world.run_id, attempt=1, start="insight"))
    world.finish()
    # then
    before, after = recorded.spans("run")
    assert (before.span_id, before.links) == (first, ())
    assert after.links == ((TRACE, first),)
    assert after.attributes["attempt"] == 2


def test_the_sweeps_work_is_a_part_of_the_run_that_it_carries_on(recorded: Recording, world: World) -> None:
    # given
    traced(world).advance()
    world.report_datasets()
    world.at = START + 5 * SECOND
    # when
    world.sweep.once()
    # then
    sweep, join = recorded.span("sweep run"), recorded.span("join datasets")
    assert (sweep.parent_id, join.parent_id) == (own(world.record.span), sweep.span_id)


def test_a_message_that_comes_again_tells_what_its_first_reader_died_over(recorded: Recording, world: World) -> None:
    # given: the first reader's spans were never received
    traced(world).run_to("report")
    world.report("report", "report", report=(world.keep("report", durable=True),))
    message = Advance(**world.record.head, stage="report")
    world.advance("report")
    told = ids(recorded.spans("run") + recorded.spans("stage report"))
    recorded.receiver.forget()
    # when
    with at_work(world, redelivered=True):
        world.attempts.advance(message)
    # then
    assert ids(recorded.spans()) == told
    # and one that merely comes late tells nothing
    recorded.receiver.forget()
    with at_work(world):
        world.attempts.advance(message)
    assert recorded.spans() == []


def test_the_sweep_tells_nothing_twice(recorded: Recording, world: World) -> None:
    # given
    traced(world).finish()
    assert len(recorded.spans("run")) == 1
    recorded.receiver.forget()
    # when its callback is late
    world.at = START + 60 * SECOND
    world.sweep.once()
    # then
    assert recorded.spans("run") == []


def test_a_good_run_that_is_not_sampled_leaves_nothing(recorded: Recording, world: World) -> None:
    # when
    traced(world, "00").finish()
    # then
    assert recorded.spans() == []
    assert world.record.traceparent == f"00-{TRACE}-{REQUEST}-00"


def test_a_bad_run_that_was_not_sampled_is_told_as_a_whole_at_its_end(recorded: Recording, world: World) -> None:
    # given
    with at_work(world, waited_s=0.1):
        traced(world, "00").advance()
    for step in ("conversations", "ratings", "customers", "operations"):
        timings = timed(world.at).model_copy(update={"dispatch_queued_s": 0.1})
        world.tell("datasets", succeeded(step).model_copy(update={"timings": timings}))
    with at_work(world, waited_s=0.1):
        world.advance("datasets")
    # when
    world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id))
    # then: the callback's spans will be recorded as they come
    assert world.record.traceparent == f"00-{TRACE}-{REQUEST}-01"
    spans = recorded.spans()
    assert orphans(spans) == []
    assert sorted({(span.name, span.service, span.kind) for span in spans}) == [
        ("POST /v1/runs", "ingestion", "server"),
        ("join datasets", "orchestrator", "internal"),
        ("process dataset.conversations.build", "dataset_conversations", "consumer"),
        ("process dataset.customers.customers", "dataset_customers", "consumer"),
        ("process dataset.customers.operations", "dataset_customers", "consumer"),
        ("process dataset.customers.ratings", "dataset_customers", "consumer"),
        ("process distribution.fan_out", "orchestrator", "consumer"),
        ("process orchestration.advance", "orchestrator", "consumer"),
        ("run", "orchestrator", "internal"),
        ("stage annotate", "orchestrator", "internal"),
        ("stage datasets", "orchestrator", "internal"),
        ("stage insight", "orchestrator", "internal"),
        ("stage report", "orchestrator", "internal"),
        ("wait dataset-conversations", "dataset_conversations", "consumer"),
        ("wait dataset-customers", "dataset_customers", "consumer"),
        ("wait distribution", "orchestrator", "consumer"),
        ("wait orchestration", "orchestrator", "consumer"),
    ]
    parts = {span.span_id for span in spans if span.name.startswith("process dataset.")}
    assert {span_id for _, span_id in recorded.span("join datasets").links} == parts


def test_a_redrive_has_a_good_run_told_whole_and_itself_recorded(recorded: Recording, world: World) -> None:
    # given
    traced(world, "00").finish()
    assert recorded.spans() == []
    # when
    world.attempts.redrive(Redrive(**world.record.head, start="insight"))
    world.finish()
    # then
    spans = recorded.spans()
    assert orphans(spans) == []
    assert [span.attributes["attempt"] for span in spans if span.name == "run"] == [1, 2]
    assert sum(span.name == "stage datasets" for span in spans) == 2
    assert len(ids(spans)) == len(spans)
    # and once more when the redrive's message comes again: what the second attempt hangs on
    recorded.receiver.forget()
    with at_work(world, redelivered=True):
        world.attempts.redrive(Redrive(tenant="acme", run_id=world.run_id, attempt=1, traceparent=unsampled(world)))
    assert {span.name for span in recorded.spans()} == {"POST /v1/runs", "run"}
    assert ids(recorded.spans()) <= ids(spans)


def unsampled(world: World) -> str:
    """What the run's messages named before it was chosen."""
    return (world.record.span or "")[:-2] + "00"


def test_a_recovery_has_the_run_told_so_far_and_recorded_from_there(recorded: Recording, world: World) -> None:
    # given
    traced(world, "00").run_to("annotate")
    world.lose(world.record.stages[0].steps[0].artifacts["units"][0])
    world.fail("annotate", "annotate", INPUT_LOST)
    # when
    message = Advance(**world.record.head, stage="annotate")
    world.attempts.advance(message)
    # then
    told = recorded.spans()
    assert {"POST /v1/runs", "stage datasets", "stage annotate", "join datasets"} <= {span.name for span in told}
    assert world.record.kept_at == world.record.recovered_at
    world.finish()
    spans = recorded.spans()
    assert orphans(spans) == []
    assert len(ids(spans)) == len(spans)
    # and a message from before the recovery that comes again tells nothing else
    with at_work(world, redelivered=True):
        world.attempts.advance(message)
    assert ids(recorded.spans()) == ids(spans)


def test_a_run_whose_delivery_failed_is_told_whole_and_once(recorded: Recording, world: World) -> None:
    # given what the callback service writes when a consumer refuses
    traced(world, "00").finish()
    record = world.record
    assert record.callback is not None and record.ended_at is not None
    callback = record.callback.model_copy(
        update={"deliveries": 1, "last_error": "http_500", "began_at": record.ended_at, "answer_s": 0.5}
    )
    failed = record.model_copy(update={"callback": callback, "due_at": world.at})
    world.runs.replace(failed.worth_a_trace(record.ended_at + SECOND))
    # when the sweep sends it again, and once more
    world.at += SECOND
    world.sweep.once()
    spans = [span for span in recorded.spans() if span.name != "sweep run"]
    assert recorded.span("sweep run").parent_id == own(world.record.span)
    recorded.receiver.forget()
    world.at += 60 * SECOND
    world.sweep.once()
    # then
    assert [span.name for span in recorded.spans()] == ["sweep run"]
    assert orphans(spans) == []
    assert {"POST /v1/runs", "run", "stage report", "process callback.deliver", "POST callback"} <= {
        span.name for span in spans
    }
    (post,) = [span for span in spans if span.name == "POST callback"]
    assert (post.error, post.attributes["error.type"], post.service) == (True, "http_500", "callback")


def test_a_look_that_finds_nothing_to_do_leaves_nothing(recorded: Recording, world: World) -> None:
    # given a stage that runs
    traced(world).advance()
    before = read()
    # when
    world.at += 1.6 * SECOND
    assert world.sweep.once() == 1
    # then
    assert recorded.spans() == []
    assert [name for name in changes(before) if name.startswith("runs_taken_over")] == []
    # and one that joins it is counted and seen
    world.report_datasets()
    world.at += 2 * SECOND
    world.sweep.once()
    assert changes(before)["runs_taken_over_total{flow=customer-feedback}"] == 1
    assert recorded.span("sweep run")


def test_what_cannot_be_told_keeps_no_run_from_going_on(
    recorded: Recording, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    # given a record whose times are no times for a span
    traced(world).run_to("report")
    world.report("report", "report", report=(world.keep("report", durable=True),))
    broken = world.record.model_copy(update={"accepted_at": world.at.replace(tzinfo=None)})
    # when it is told
    orchestrator.moved(broken, broken.model_copy(update={"status": RunStatus.FAILED, "ended_at": world.at}))
    # then
    (line,) = [line for line in caplog.records if line.message == "run_not_told"]
    assert (line.levelname, line.__dict__["error"]) == ("WARNING", "TypeError")


def test_a_whole_trace_is_told_again_after_a_crash_too(recorded: Recording, world: World) -> None:
    # given
    traced(world, "00").run_to("annotate")
    message = Cancel(**world.record.head)
    world.attempts.cancel(message)
    told = ids(recorded.spans())
    recorded.receiver.forget()
    # when
    with at_work(world, redelivered=True):
        world.attempts.cancel(message)
    # then
    assert ids(recorded.spans()) == told


def test_without_traces_nothing_is_chosen(world: World) -> None:
    # given
    traced(world, "00").run_to("annotate")
    # when
    world.attempts.cancel(Cancel(tenant="acme", run_id=world.run_id))
    # then
    assert world.record.status is RunStatus.CANCELLED
    assert world.record.traceparent == f"00-{TRACE}-{REQUEST}-00"


def test_the_record_tells_how_long_the_orchestrators_own_messages_waited(world: World) -> None:
    # given
    with at_work(world, waited_s=2.0):
        world.advance()
    world.report_datasets()
    # when
    with at_work(world, waited_s=3.0):
        world.advance("datasets")
    # then
    datasets, annotate = world.record.stages
    assert (datasets.queued_s, datasets.join_queued_s) == (2.0, 3.0)
    assert (annotate.queued_s, annotate.join_queued_s) == (0.0, 0.0)


def test_a_parts_timings_are_kept_in_the_record(world: World) -> None:
    # given
    world.advance()
    timings = timed(START).model_copy(
        update={"ready_at": START, "dispatch_queued_s": 0.5, "read_s": 0.1, "write_s": 0.2, "cpu_s": 0.3}
    )
    # when
    for step in ("conversations", "ratings", "customers", "operations"):
        world.tell("datasets", succeeded(step).model_copy(update={"timings": timings, "retries": 2, "deliveries": 3}))
    world.advance("datasets")
    # then
    part = world.record.stages[0].steps[0].parts[0]
    assert {name: getattr(part, name) for name in Timings.model_fields} == dict(timings)
    assert (part.retries, part.deliveries) == (2, 3)
