"""kombu's SQS transport, made to outlive SQS: what fails is logged and tried again, and nothing ends the worker.

In kombu 5.7 a worker ends with "Unrecoverable error" when ReceiveMessage is answered 5xx (an earlier form is
https://github.com/celery/kombu/issues/1064), throttled, or cannot be signed. A message that is handed back
(`reject(requeue=True)`) stays invisible for `wait_time_seconds` (https://github.com/celery/kombu/issues/2049).
`docs/decisions/0008-leases.md` has the list.
"""

import os
import random
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from kombu.asynchronous.aws.connection import AsyncHTTPSConnection
from kombu.asynchronous.aws.sqs.connection import AsyncSQSConnection
from kombu.transport import SQS

from millrace.telemetry.logs import get_logger
from millrace.worker.polls import polls

log = get_logger(__name__)

_ERRORS = (BotoCoreError, ClientError)
_PAUSE_S = 0.5
"""Mean wait after a failed receive: soon enough for a run's budget, seldom enough for an SQS that is in trouble."""
_CONNECT_S = 2.0
_ANSWER_S = 3.0
"""Time for an answer beyond the long poll itself."""

# The stubs of kombu leave out what is private.
_Channel: Any = SQS.Channel
_Connection: Any = AsyncSQSConnection


_clients: dict[tuple[object, ...], Any] = {}
"""By process, so that a forked child never speaks over its parent's connections."""


def _pause_s() -> float:
    return random.uniform(0.5, 1.5) * _PAUSE_S  # noqa: S311 - no secret


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _tell(what: str, error: str) -> None:
    log.warning(what, extra={"action": what, "error": error})


class _Http(AsyncHTTPSConnection):
    """A request that ends: kombu 5.7 notes its timeouts and never tells curl, so a silent server holds it for ever."""

    def getrequest(self) -> Any:
        request = super().getrequest()
        request.on_prepare = self._bound
        return request

    def _bound(self, curl: Any) -> None:
        curl.setopt(curl.CONNECTTIMEOUT_MS, int(_CONNECT_S * 1000))
        curl.setopt(curl.TIMEOUT_MS, int(self.timeout * 1000))


class _Receiver(_Connection):  # type: ignore[misc]
    """The event loop's client. A receive that failed is told apart from one that found nothing."""

    def __init__(self, wait_s: float, **kwargs: Any) -> None:
        self.wait_s = wait_s
        super().__init__(**kwargs)

    def get_http_connection(self) -> Any:
        return _Http(timeout=self.wait_s + _ANSWER_S, http_client=self._httpclient)

    def _on_list_ready(self, parent: Any, markers: Any, operation: str, response: Any) -> Any:
        if response.status == self.STATUS_CODE_OK:
            return super()._on_list_ready(parent, markers, operation, response)
        return {"failed": f"HTTP {response.status}"}


class Channel(_Channel):  # type: ignore[misc]
    """The channel of one worker or publisher."""

    release_client_config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    """Also renews leases: tried again by who calls, so that it never holds up the loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._resting: set[str] = set()
        super().__init__(*args, **kwargs)

    def sqs(self, queue: str | None = None) -> Any:
        """The client of all queues: kombu makes one for each queue of each connection, of 8 MB and 0.1 s of CPU.

        boto3's clients are safe for threads. UndefinedQueueException for a queue that is none of ours.
        """
        if queue is not None and queue not in self.predefined_queues:
            raise SQS.UndefinedQueueException(f"{queue} is none of the predefined queues")
        return self._client("sqs", lambda: self.new_sqs_client(self.region, *self._who))

    def lease_client(self) -> Any:
        """A client of all queues with short timeouts and without retries."""
        return self._client("lease", lambda: self._new_release_client(self.sqs()))

    @property
    def _who(self) -> tuple[str | None, str | None]:
        return self.conninfo.userid, self.conninfo.password

    @cached_property
    def _kind(self) -> tuple[object, ...]:
        """What a client is made from: channels of which it is the same share one."""
        config = str(self.transport_options.get("client-config"))
        return self.region, self.endpoint_url, self.is_secure, config, *self._who

    def _client(self, what: str, make: Callable[[], Any]) -> Any:
        key = what, os.getpid(), *self._kind
        found = _clients.get(key)
        if found is None:
            found = _clients[key] = make()
        return found

    # In the event loop of prefork workers: pycurl.

    def asynsqs(self, queue: str | None = None) -> Any:
        """The queue's client, which is kombu's but for the class."""
        clients = self._predefined_queue_async_clients
        if queue not in clients:
            clients[queue] = _Receiver(self.wait_time_seconds, sqs_connection=self.sqs(queue=queue), region=self.region)
        return clients[queue]

    def _schedule_queue(self, queue: str) -> None:
        try:
            super()._schedule_queue(queue)
        except Exception as error:
            # The request could not even be made, as without credentials. Nobody else would ask this queue again.
            _tell("receive_failed", type(error).__name__)
            self.hub.call_later(_pause_s(), self._schedule_queue, queue)

    def _on_messages_ready(self, queue: str, qname: str, messages: Any) -> Any:
        if "failed" in messages:
            _tell("receive_failed", messages["failed"])
            self._resting.add(qname)
            return 0
        polls.answered()
        return super()._on_messages_ready(queue, qname, messages)

    def _loop1(self, queue: str, messages_fetched: Any = None) -> None:
        if queue in self._resting:
            self._resting.discard(queue)
            self.hub.call_later(_pause_s(), self._schedule_queue, queue)
        else:
            super()._loop1(queue, messages_fetched)

    # In the blocking loop of gevent workers: boto3.

    def _receive_message(self, *args: Any, **kwargs: Any) -> Any:
        try:
            answer = super()._receive_message(*args, **kwargs)
        except _ERRORS as error:
            _tell("receive_failed", type(error).__name__)
            time.sleep(_pause_s())
            return {}
        polls.answered()
        return answer

    # In both.

    def _message_to_python(self, message: Any, queue_name: str, q_url: str) -> Any:
        """A message that was received before says so, as on other brokers: kombu leaves it at SQS's own count."""
        payload = super()._message_to_python(message, queue_name, q_url)
        received = int((message.get("Attributes") or {}).get("ApproximateReceiveCount", 1))
        payload["properties"]["delivery_info"]["redelivered"] = received > 1
        return payload

    def _restore(self, message: Any, unwanted_delivery_info: Any = ()) -> None:
        """Hand a message back so that anyone can have it at once."""
        info = message.delivery_info
        try:
            self.sqs(queue=_name(info["sqs_queue"])).change_message_visibility(
                QueueUrl=info["sqs_queue"], ReceiptHandle=message.delivery_tag, VisibilityTimeout=0
            )
        except _ERRORS as error:
            # It comes back by itself when its visibility timeout is over.
            _tell("release_failed", type(error).__name__)


class Transport(SQS.Transport):
    """What `connection` lets kombu find for `sqs://`."""

    Channel = Channel
    # So that a failed publish is tried again and a failed acknowledgement is logged, instead of raised into the loop.
    connection_errors = (*SQS.Transport.connection_errors, *_ERRORS)
