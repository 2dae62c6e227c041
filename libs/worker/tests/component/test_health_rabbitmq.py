"""Health while a RabbitMQ is there and says nothing."""

from collections.abc import Callable

from libs.worker.tests.component.beats import BOUNDS, Silence, goes_and_comes_back

from millrace.testing.workers import Workers


def test_a_silent_rabbitmq_ends_readiness_then_liveness_and_both_come_back(
    workers_on_rabbitmq: Workers, through_tcp: Callable[[Workers], Silence]
) -> None:
    workers_on_rabbitmq.more = dict(BOUNDS)
    goes_and_comes_back(through_tcp(workers_on_rabbitmq))
