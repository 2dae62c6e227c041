"""When a failed delivery is tried again."""

from datetime import timedelta

from millrace.callback.domain.schedule import RETRIES, next_wait


def test_the_first_retries_come_at_once_and_the_last_after_days() -> None:
    # when
    waits = [next_wait(made, jitter=0) for made in range(1, len(RETRIES) + 1)]
    # then
    assert waits[:2] == [timedelta(seconds=2), timedelta(seconds=5)]
    assert timedelta(days=2) < sum((wait for wait in waits if wait), timedelta()) < timedelta(days=4)


def test_jitter_spreads_by_a_tenth() -> None:
    assert next_wait(1, jitter=1) == timedelta(seconds=2.2)


def test_after_the_last_retry_it_is_given_up() -> None:
    assert next_wait(len(RETRIES) + 1, jitter=0) is None
