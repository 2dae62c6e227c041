"""Health while the broker is there and says nothing. (RabbitMQ: `test_health_rabbitmq.py`, to run beside this.)"""

from collections.abc import Callable

from libs.worker.tests.component.beats import BOUNDS, Silence, goes_and_comes_back, stays_alive

from millrace.testing.aws_faults import AwsFaults, Do, Fault
from millrace.testing.workers import Workers


def test_a_silent_redis_is_tried_to_be_reached_and_ends_readiness_only(
    workers_on_redis: Workers, through_tcp: Callable[[Workers], Silence]
) -> None:
    workers_on_redis.more = dict(BOUNDS)
    broker = through_tcp(workers_on_redis)
    stays_alive(broker, broker.silence)


def test_a_silent_sqs_ends_readiness_then_liveness_and_both_come_back(
    workers_on_sqs: Workers, faults: AwsFaults
) -> None:
    def set_to(*these: Fault) -> Callable[[], None]:
        return lambda: setattr(faults, "faults", these)

    workers_on_sqs.more = dict(BOUNDS)
    mute = set_to(Fault(do=Do.HANG_UP, service="sqs", seconds=8))
    goes_and_comes_back(Silence(workers=workers_on_sqs, silence=mute, speak=set_to(), go_away=mute))
