"""Celery's consumer, but nothing is thrown away: what it cannot use becomes a dead letter."""

from collections.abc import Callable
from typing import Any

from celery.worker import consumer
from kombu.exceptions import ContentDisallowed

from millrace.telemetry.logs import get_logger
from millrace.worker.checks import Unusable, check
from millrace.worker.dead_letters import Why, letter_of, put, tell
from millrace.worker.frames import FRAME, inflate_nothing, outlive_broken_messages

log = get_logger(__name__)

AGAIN_S = 1.0
"""Seconds until a message goes back to its queue when the dead-letter queue cannot be reached; it comes again."""

# The stubs of celery do not know the handlers.
_Consumer: Any = consumer.Consumer
Handler = Callable[..., Any]


class Consumer(_Consumer):  # type: ignore[misc]
    """Celery's setting `worker_consumer`. Acknowledges what it cannot use only once the dead-letter queue has it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outlive_broken_messages(self.conninfo.transport.driver_type)
        inflate_nothing()

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Handler:
        """The handler of every message. Only protocol 2 is spoken here, which has the task's name in a header.

        Who signed the message is asked first of all, before its task is looked up and before its body is decoded.
        """
        receive = super().create_task_handler(*args, **kwargs)

        def on_task_received(message: Any) -> None:
            if not isinstance(message.headers.get("task"), str):
                self.on_unknown_message(None, message)
            elif why := self.app.signer.refuses(message.headers, message.content_type, message.body):
                self._set_aside(message, why)
            else:
                receive(message)

        return on_task_received

    def update_strategies(self) -> None:
        """Celery looks up by its name what receives a task's messages: put a check before each."""
        super().update_strategies()
        for name, strategy in self.strategies.items():
            self.strategies[name] = _checked(strategy)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """The body is not what its content type says."""
        self._set_aside(message, Why.UNREADABLE)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """It is no task message, or no message at all."""
        self._set_aside(message, Why.UNREADABLE if FRAME in message.headers else Why.FOREIGN)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """This worker does not have the task."""
        self._set_aside(message, Why.UNKNOWN_TASK)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """The task is known, but this message cannot be given to it."""
        if isinstance(exc, Unusable):
            self._set_aside(message, exc.why)
        elif isinstance(exc, ContentDisallowed):
            self._set_aside(message, Why.WRONG_CONTENT_TYPE)
        else:
            self._set_aside(message, Why.FOREIGN)

    def _set_aside(self, message: Any, why: Why) -> None:
        try:
            letter = letter_of(message, why, self._queue_of(message), self.hostname)
            put(self.app, letter)
        except Exception:  # whatever it was: a message that is nowhere else must stay
            log.exception("dead_letter_failed", extra={"action": "dead_letter_failed", "reason": why.value})
            self.timer.call_after(AGAIN_S, self._give_back, (message,))
        else:
            message.ack_log_error(log, self.connection_errors)
            tell(letter)

    def _give_back(self, message: Any) -> None:
        message.reject_log_error(log, self.connection_errors, requeue=True)

    def _queue_of(self, message: Any) -> str:
        """The queue that it came from: ours, when we consume but one; else the one that it says."""
        ours = [str(queue.name) for queue in self.task_consumer.queues]
        named = str(message.delivery_info.get("routing_key", ""))
        return named if named in ours or len(ours) != 1 else ours[0]


def _checked(strategy: Handler) -> Handler:
    def receive(message: Any, *args: Any) -> Any:
        check(message)
        return strategy(message, *args)

    return receive
