"""A worker whose health file cannot be written works on. (On a full disk: the unit tests.)"""

import pytest

from millrace.testing.workers import Workers


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_that_cannot_write_its_file_works_on_and_the_file_grows_old(
    workers_on_redis: Workers, pool: str
) -> None:
    # given: a folder where the fresh file should be
    workers = workers_on_redis
    worker = workers.start(pool)
    health = workers.folder / "health-1.json"
    health.with_suffix(".json.new").mkdir()
    workers.wait_for_log(worker, "health_unwritable")
    old = health.stat().st_mtime_ns
    # when
    workers.publish("nap", 2.5)
    workers.wait_for("ended")
    # then: meanwhile it would have been written twice
    assert worker.running
    assert health.stat().st_mtime_ns == old
    assert worker.log.read_text().count('"message": "health_unwritable"') == 1
