"""What is bound is on every line; a line's own fields win."""

import json
import logging

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from millrace.telemetry import context
from millrace.telemetry.logs import JsonFormatter

MESSAGE = {
    "run_id": "run_1", "tenant": "acme", "stage": "datasets", "step": "ratings", "part": 0, "attempt": 1,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", "params": {"name": "Ann Smith"},
    "inputs": {"batch": [{"key": "secret"}]},
}  # fmt: skip
FORMATTER = JsonFormatter("nlp", "production", "2026.11")


@pytest.fixture(autouse=True)
def nothing_bound():
    yield
    context.forget()


def line(**extra):
    record = logging.makeLogRecord({"msg": "said", "name": "tests", **extra})
    return json.loads(FORMATTER.format(record))


def test_a_line_carries_the_run_its_trace_and_the_names_that_datadog_joins_by():
    # given: no span, because the run is not sampled
    context.bind(**context.message_fields(MESSAGE), task="nlp.annotate")
    # when
    said = line()
    # then
    assert {name: said.get(name) for name in context.MESSAGE_FIELDS} == {
        "run_id": "run_1", "tenant": "acme", "stage": "datasets", "step": "ratings", "part": 0, "attempt": 1,
        "delivery": None,
    }  # fmt: skip
    assert (said["trace_id"], said["span_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert (said["dd.trace_id"], said["dd.span_id"]) == (str(0xA3CE929D0E0E4736), str(0x00F067AA0BA902B7))
    assert (said["dd.service"], said["dd.env"], said["dd.version"]) == ("nlp", "production", "2026.11")
    assert "Ann" not in repr(said) and "secret" not in repr(said)


def test_the_span_at_work_is_named_before_the_message_s():
    # given
    context.bind(**context.message_fields(MESSAGE))
    span = NonRecordingSpan(SpanContext(int(MESSAGE["traceparent"][3:35], 16), 7, False, TraceFlags(1)))
    # when
    with trace.use_span(span):
        said = line()
    # then
    assert (said["trace_id"], said["span_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "0000000000000007")


def test_a_line_s_own_fields_win():
    # given
    context.bind(run_id="run_1", step="ratings")
    # when / then
    assert (line(run_id="run_2")["run_id"], line()["step"]) == ("run_2", "ratings")


def test_what_was_bound_for_a_block_is_gone_after_it():
    # when
    with context.carrying(run_id="run_1"):
        inside = line()
    # then
    assert (inside["run_id"], "run_id" in line()) == ("run_1", False)


@pytest.mark.parametrize("message", [None, "text", 7, [], {"traceparent": "nonsense"}, {"traceparent": 7 * "0"}])
def test_what_is_no_message_says_nothing(message):
    assert context.message_fields(message) == {}
