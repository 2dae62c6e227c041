"""What is told of a message: ids and counts, how it ended, and which ends are faults."""

import pytest
from celery import states
from celery.exceptions import Ignore, Reject, Retry
from kombu.exceptions import OperationalError

from millrace.storage.errors import Unavailable
from millrace.worker.errors import BadInput, NobodyWaits, PermanentError, RetryableError
from millrace.worker.task_events import about, ended_how, expected, redacted

PERSONAL = "ann.smith@example.com"
MESSAGE = {
    "run_id": "run_1", "tenant": "acme", "stage": "annotate", "step": "annotate", "part": 0, "attempt": 1,
    "inputs": {"units": [{"key": PERSONAL}, {"key": PERSONAL}], "lexicon": []}, "params": {"who": PERSONAL},
    "mapped": PERSONAL, "version": 1, "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}  # fmt: skip


def test_arguments_are_told_by_ids_and_counts():
    # when
    told = redacted({"message": MESSAGE, "who": PERSONAL})
    # then
    assert told == {
        "run_id": "run_1", "tenant": "acme", "stage": "annotate", "step": "annotate", "part": 0, "attempt": 1,
        "refs": 2,
    }  # fmt: skip


@pytest.mark.parametrize("kwargs", [None, {}, {"message": PERSONAL}, {"message": [PERSONAL]}, [PERSONAL]])
def test_what_is_no_message_of_ours_is_not_told(kwargs):
    assert redacted(kwargs) == {}
    assert about("nlp.nap", kwargs) == {"task": "nlp.nap", "queue": "nlp"}


def test_a_message_is_bound_with_its_queue_and_its_trace():
    # when
    fields = about("nlp.annotate", {"message": MESSAGE})
    # then
    assert (fields["task"], fields["queue"], fields["run_id"]) == ("nlp.annotate", "nlp", "run_1")
    assert (fields["trace_id"], fields["span_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert PERSONAL not in repr(fields)


@pytest.mark.parametrize(
    ("state", "result", "told"),
    [
        (states.SUCCESS, None, ("succeeded", None)),
        (states.SUCCESS, {"status": "succeeded", "reason": None}, ("succeeded", None)),
        (states.SUCCESS, {"status": "failed", "reason": {"code": "bad_input", "detail": PERSONAL}},
         ("failed", "bad_input")),
        (states.FAILURE, ZeroDivisionError(PERSONAL), ("failed", "ZeroDivisionError")),
        (states.RETRY, Retry(exc=RetryableError(PERSONAL)), ("retried", "RetryableError")),
        (states.REJECTED, Reject(PERSONAL), ("rejected", "Reject")),
        (states.IGNORED, Ignore(PERSONAL), ("ignored", "Ignore")),
        (None, None, ("broken_off", None)),
    ],
)  # fmt: skip
def test_an_end_is_told_by_its_outcome_or_by_the_type_of_what_was_raised(state, result, told):
    assert ended_how(state, result) == told


@pytest.mark.parametrize(
    "error",
    [Retry(), Ignore(), Reject(), RetryableError(), Unavailable(), BadInput(), NobodyWaits(), OperationalError()],
    ids=lambda error: type(error).__name__,
)
def test_what_belongs_to_the_trade_is_no_fault(error):
    assert expected(error)


@pytest.mark.parametrize("error", [RetryableError(), Unavailable(), OperationalError()], ids=repr)
def test_what_may_pass_by_itself_is_one_when_it_was_tried_for_the_last_time(error):
    assert not expected(error, last=True)


def test_bad_input_is_none_at_the_last_try_either():
    assert expected(BadInput(), last=True)


@pytest.mark.parametrize("error", [ZeroDivisionError(), PermanentError(), None], ids=lambda error: type(error).__name__)
def test_everything_else_is(error):
    assert not expected(error)
