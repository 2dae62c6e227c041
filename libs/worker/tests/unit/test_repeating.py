"""A repetition goes on until it is stopped, and a stopped one leaves nothing behind."""

import pytest

from millrace.worker.repeating import Repeating


class Timer:
    """Keeps what it is to call, as celery's timers do; cancelling is nothing that the one for gevent can do."""

    def __init__(self):
        self.waiting = []

    def call_after(self, seconds, call):
        self.waiting.append((seconds, call))

    def pass_time(self):
        waiting, self.waiting = self.waiting, []
        for _, call in waiting:
            call()


def test_it_goes_on_and_ends_when_it_is_stopped():
    # Given
    timer, calls = Timer(), []
    repeating = Repeating(timer=timer, every_s=2.0, call=lambda: calls.append(1))
    # When
    repeating.start()
    timer.pass_time()
    timer.pass_time()
    repeating.stop()
    timer.pass_time()
    # Then
    assert calls == [1, 1]
    assert timer.waiting == []


def test_a_call_that_raises_is_not_the_last_one():
    timer = Timer()
    repeating = Repeating(timer=timer, every_s=2.0, call=lambda: 1 / 0)
    repeating.start()
    with pytest.raises(ZeroDivisionError):
        timer.pass_time()
    assert [seconds for seconds, _ in timer.waiting] == [2.0]


def test_a_call_may_say_when_it_is_to_be_called_next():
    # given
    timer, waits = Timer(), iter([0.1, None])
    repeating = Repeating(timer=timer, every_s=2.0, call=lambda: next(waits))
    # when
    repeating.now()
    first = timer.waiting[0][0]
    timer.pass_time()
    # then
    assert (first, [seconds for seconds, _ in timer.waiting]) == (0.1, [2.0])
