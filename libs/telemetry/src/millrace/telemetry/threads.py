"""Threads that send what is told."""

import threading
from collections.abc import Callable


def begun(name: str, target: Callable[[], None]) -> threading.Thread | None:
    """A thread that no process waits for; None where the system has no more, or the interpreter ends."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
