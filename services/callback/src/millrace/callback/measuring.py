"""What the callback service counts and measures."""

from millrace.callback.post import Answer
from millrace.contracts.report import CallbackBody
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord
from millrace.telemetry.metrics import count, observe

_RESULTS = {CallbackStatus.DELIVERED: "delivered", CallbackStatus.GIVEN_UP: "given_up"}


def measure(answer: Answer, written: CallbackRecord) -> None:
    """A delivery was made: what came of it, and how long the consumer took for an answer of its class, such as 2xx."""
    count("callbacks", result=_RESULTS.get(written.status, "failed"))
    if answer.began_at is not None:
        status = f"{answer.status // 100}xx" if answer.status else "none"
        observe("callback_seconds", answer.seconds, status=status)


def reported(record: RunRecord, body: CallbackBody, answer: Answer) -> None:
    """A run was reported: what it cost, once for each attempt of the run."""
    callback, cost = record.callback, body.data.cost_usd
    if cost is not None and not answer.error and callback is not None and callback.replayed_after is None:
        count("run_cost_usd", cost, flow=record.flow)
