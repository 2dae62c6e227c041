"""Keep an SQS worker alive through a failed receive.

kombu 5.7's poll answers an empty list when SQS says 5xx or does not answer, and the next step asks that list for
`.get`, which ends the worker with "Unrecoverable error"; an earlier form is
https://github.com/celery/kombu/issues/1064. ClientError is not among the transport's connection errors either.
"""

from typing import Any

from botocore.exceptions import ClientError
from kombu.transport import SQS

# The stubs of kombu leave out what is private.
_Channel: Any = SQS.Channel
_original = _Channel._on_messages_ready


def _on_messages_ready(self: Any, queue: str, qname: str, messages: Any) -> Any:
    return _original(self, queue, qname, messages) if messages else 0


def survive_failed_polls() -> None:
    """Patch the transport once; harmless when repeated."""
    _Channel._on_messages_ready = _on_messages_ready
    if ClientError not in SQS.Transport.connection_errors:
        SQS.Transport.connection_errors = (*SQS.Transport.connection_errors, ClientError)
