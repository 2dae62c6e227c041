"""Do something while runs are under way, and do not lose what it raises."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(wait_s: float, act: Callable[[], object]) -> Iterator[None]:
    """Act after so many seconds, beside the block; the block's end waits for it and raises what it raised."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            act()
        except Exception as error:
            raised.append(error)

    timer = threading.Timer(wait_s, run)
    timer.start()
    try:
        yield
    finally:
        timer.join()
    if raised:
        raise raised[0]


def pause(seconds: float) -> None:
    """Let time pass: a fault has to last."""
    threading.Event().wait(seconds)
