"""Notice a killed child when it dies, not up to five seconds later.

The parent watches a pipe that closes with the child. The kernel closes a process's files before the process can be
waited for, so celery 5.7's `AsynPool._event_process_exit` often asks too early, stops watching, and leaves the child
to a look around that happens every 5 s (`AsynPool.timers`). Here the question is repeated until the child is gone.
"""

from typing import Any

from celery.concurrency.asynpool import AsynPool

_AGAIN_S = 0.02

# The stubs of celery leave out what is private.
_Pool: Any = AsynPool
_original = _Pool._event_process_exit


def _event_process_exit(self: Any, hub: Any, process: Any) -> None:
    _original(self, hub, process)
    if process in self._pool:
        hub.call_later(_AGAIN_S, self._event_process_exit, hub, process)


def notice_killed_children() -> None:
    """Patch the prefork pool once; harmless when repeated."""
    _Pool._event_process_exit = _event_process_exit
