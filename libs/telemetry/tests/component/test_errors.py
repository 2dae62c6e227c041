"""Error reports over a real socket: what is logged at ERROR arrives once, and whatever is missing was counted."""

import logging
import time
from collections import Counter

import pytest
import sentry_sdk

from millrace.telemetry import context, errors
from millrace.telemetry.errors import configure_errors
from millrace.telemetry.settings import TelemetrySettings
from millrace.testing.sentry import Sentry

PERSONAL = "Ann Smith"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
log = logging.getLogger("millrace.tests")


@pytest.fixture
def told(monkeypatch):
    counts = Counter()

    def tell(count, reason):
        counts[reason or "sent"] += count

    monkeypatch.setattr(errors, "counted", lambda signal: tell)
    yield counts
    sentry_sdk.get_client().close(timeout=0.1)
    sentry_sdk.get_global_scope().set_client(None)
    context.forget()


def configure(dsn):
    configure_errors("nlp", TelemetrySettings(sentry_dsn=dsn, environment="tests", release="7"))


def crash():
    try:
        raise ValueError(PERSONAL)
    except ValueError:
        log.exception("part_crashed", extra={"action": "part_crashed", "detail": "d", "customer": PERSONAL})


def test_a_crash_arrives_once_with_its_run_its_trace_and_no_word_of_its_own(told):
    with Sentry() as server:
        configure(server.dsn)
        context.bind(**context.message_fields({"run_id": "run_1", "step": "ratings", "traceparent": TRACEPARENT}))
        # when
        crash()
        log.warning("task_failed", extra={"action": "task_failed"})
        errors.close(5)
        # then
        (event,) = server.events()
    assert event["tags"] == {"run_id": "run_1", "step": "ratings", "action": "part_crashed"}
    assert (event["release"], event["environment"], event["server_name"]) == ("7", "tests", "nlp")
    assert event["contexts"]["trace"] == {"trace_id": TRACEPARENT[3:35], "span_id": TRACEPARENT[36:52]}
    (raised,) = event["exception"]["values"]
    assert (raised["type"], raised["stacktrace"]["frames"][-1]["function"]) == ("ValueError", "crash")
    assert PERSONAL not in repr(event)
    assert told == {"sent": 1}


def test_lines_without_an_exception_are_told_apart_by_what_they_say(told):
    with Sentry() as server:
        configure(server.dsn)
        # when
        log.error("worker_lost", extra={"action": "worker_lost", "task": "nlp.annotate", "reason": "sigkill"})
        errors.close(5)
        # then
        (event,) = server.events()
    assert event["fingerprint"] == ["worker_lost", "nlp.annotate", "sigkill"]


def test_what_celery_says_of_what_we_tell_is_not_reported_again(told):
    with Sentry() as server:
        configure(server.dsn)
        # when
        for name in ("celery.worker.request", "celery.app.trace", "multiprocessing", "celery.concurrency.asynpool"):
            logging.getLogger(name).error("Task handler raised error: %r", PERSONAL)
        log.error("said", extra={"action": "said"})
        errors.close(5)
        # then
        assert [event["tags"]["action"] for event in server.events()] == ["said"]


@pytest.mark.parametrize(("status", "reason"), [(500, "network_error"), (429, "rate_limited"), (413, "send_error")])
def test_what_the_server_refuses_is_counted(told, status, reason):
    with Sentry(status=status) as server:
        configure(server.dsn)
        # when
        crash()
        errors.close(5)
    # then
    assert told == {reason: 1}


def test_a_server_that_hangs_makes_nobody_wait_and_all_is_counted(told, monkeypatch):
    monkeypatch.setattr(errors, "MOST", 10)
    monkeypatch.setattr(errors.Transport, "TIMEOUT", 0.05)
    with Sentry(hangs=True) as server:
        configure(server.dsn)
        # when
        began = time.perf_counter()
        for _ in range(50):
            crash()
        seconds = time.perf_counter() - began
        errors.close(10)
    # then
    assert seconds < errors.SEND_S
    assert sum(told.values()) == 50
    assert set(told) == {"network_error", "queue_overflow"}


def test_nobody_there_is_counted(told):
    # given
    with Sentry() as gone:
        dsn = gone.dsn
    configure(dsn)
    # when
    crash()
    errors.close(5)
    # then
    assert told == {"network_error": 1}


def test_what_is_left_at_an_exit_is_counted(told):
    with Sentry(hangs=True) as server:
        configure(server.dsn)
        for _ in range(3):
            crash()
        # when
        errors.close(0.05)
    # then
    assert told == {"exit": 3}
