"""Health while a worker is stopped, while its broker is nowhere, and while it has no slot left."""

import signal
from collections.abc import Callable

from libs.worker.tests.component.beats import BOUNDS, READY_S, Silence, both, stays_alive, until, watched

from millrace.testing.workers import Workers


def test_a_broker_that_is_away_ends_readiness_and_never_liveness(
    workers_on_redis: Workers, through_tcp: Callable[[Workers], Silence]
) -> None:
    workers_on_redis.more = dict(BOUNDS)
    broker = through_tcp(workers_on_redis)
    stays_alive(broker, broker.go_away)


def test_a_stopped_worker_lets_both_files_grow_old(workers_on_redis: Workers) -> None:
    # given
    workers = both(workers_on_redis)
    files = [file for each in workers for file in (each.ready, each.alive)]
    # when
    for each in workers:
        assert each.process.handle is not None
        each.process.handle.send_signal(signal.SIGSTOP)
    # then
    until(lambda: all(file.late for file in files), "old")
    # and when they go on
    for each in workers:
        assert each.process.handle is not None
        each.process.handle.send_signal(signal.SIGCONT)
    until(lambda: not any(file.late for file in files), "young again")


def test_a_worker_whose_slots_are_all_taken_stays_ready(workers: Workers) -> None:
    # given: it asks for no messages now, but it renews its leases
    workers.more = dict(BOUNDS)
    worker = watched(workers, "prefork", concurrency=1)
    # when: it would be unready after so long, and a beat later everybody would see it
    workers.publish("nap", READY_S + 2)
    workers.wait_for("began")
    # then
    until(lambda: not worker.ready.there or bool(workers.events("ended")), "the end")
    assert workers.events("ended")
    assert worker.ready.there
