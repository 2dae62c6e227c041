"""Values that labels of metrics really have, by the code that counts: who looks for another one looks for nothing."""

from functools import cache

from celery import states

from millrace.callback.measuring import measure
from millrace.callback.post import Answer
from millrace.contracts.routing import QUEUES
from millrace.contracts.run import CallbackStatus, RunStatus
from millrace.telemetry.table import ACCEPT, ALL
from millrace.testing.factories import callback_record
from millrace.testing.metering import changes, read
from millrace.worker.lost import EXITED, HARD_LIMIT, OUT_OF_MEMORY, Memory, reason_of
from millrace.worker.task_events import ended_how

ANY = {str(code) for code in range(200, 600)}
"""Answers of a server that is up."""


@cache
def values():
    """(Metric, label) → its values; a metric of `*` is every one that has the label."""
    return {
        ("*", "queue"): {*QUEUES},
        ("*", "service"): {*ALL},
        ("runs_ended", "status"): {status.value for status in RunStatus if status.terminal},
        ("callbacks", "result"): _results(),
        ("task_seconds", "status"): {ended_how(state, None)[0] for state in states.ALL_STATES},
        ("http_request_seconds", "status"): ANY,
        ("http_request_seconds", "route"): {ACCEPT.partition(" ")[2]},
        ("workers_lost", "reason"): {HARD_LIMIT, OUT_OF_MEMORY, EXITED, reason_of("signal 9 (SIGKILL)", Memory())},
    }


def _results():
    """What the callback service says of a delivery, whatever became of it."""
    before = read()
    for status in CallbackStatus:
        measure(Answer(), callback_record("run_1").model_copy(update={"status": status}))
    return {name.partition("result=")[2].rstrip("}") for name in changes(before) if name.startswith("callbacks_total")}


def impossible(metric, label, fits):
    """Whether none of the label's values fits; of labels that have any value, such as a tag of all metrics, none is."""
    known = values()
    possible = known.get((metric, label), known.get(("*", label)))
    return possible is not None and not any(fits(value) for value in possible)
