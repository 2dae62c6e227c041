"""What the callback service counts and measures."""

from millrace.callback.post import Answer
from millrace.contracts.run import CallbackRecord, CallbackStatus
from millrace.telemetry.metrics import begin, count, observe

_RESULTS = {CallbackStatus.DELIVERED: "delivered", CallbackStatus.GIVEN_UP: "given_up"}


def begin_counting() -> None:
    """What may come of a delivery is known before the first."""
    for result in (*_RESULTS.values(), "failed"):
        begin("callbacks", result=result)


def measure(answer: Answer, written: CallbackRecord) -> None:
    """A delivery was made: what came of it, and how long the consumer took for an answer of its class, such as 2xx."""
    count("callbacks", result=_RESULTS.get(written.status, "failed"))
    if answer.began_at is not None:
        status = f"{answer.status // 100}xx" if answer.status else "none"
        observe("callback_seconds", answer.seconds, status=status)
