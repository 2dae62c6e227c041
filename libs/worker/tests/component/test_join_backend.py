"""The join over a real broker and a real prefork worker whose children are killed at the worst moments."""

import importlib.util
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery import Celery, chord
from redis import Redis

from millrace.local.process import Process, module
from millrace.local.servers import Server
from millrace.local.settings import inherited_whole
from millrace.worker.join.backend import SIZE_HEADER
from millrace.worker.join.redis_store import RedisJoins

HERE = Path(__file__).parent
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE_S = 60
"""Bounds a hang; nothing is expected to take as long."""


@pytest.fixture(scope="module")
def app(redis_server: Server) -> Celery:
    spec = importlib.util.spec_from_file_location("chord_app", HERE / "chord_app.py")
    assert spec is not None and spec.loader is not None
    chord_app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(chord_app)
    made: Celery = chord_app.make(redis_server.url)
    return made


@pytest.fixture(scope="module")
def worker(redis_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    command = module("celery", "-A", "chord_app", "worker", "-Q", "analytics,callback", "-c", "2", "-l", "INFO")
    environment = inherited_whole() | {"CHORD_APP_REDIS": redis_server.url, "PYTHONPATH": str(HERE)}
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    process = Process(name="worker", command=command, environment=environment, log=log)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def joins(redis: "Redis") -> RedisJoins:
    return RedisJoins(redis)


def run_chord(app: Celery, key: str, *parts: tuple[str, list[object]], enough: int | None = None) -> None:
    header = [
        app.signature(name, args=args, immutable=True, task_id=f"{key}:{number}")
        for number, (name, args) in enumerate(parts)
    ]
    body = app.signature("callback.done", args=[key], immutable=True, task_id=key)
    if enough is not None:
        body = body.set(headers={SIZE_HEADER: enough})
    chord(header, body, app=app).apply_async()


def wait_for_body(redis: "Redis", key: str) -> None:
    assert redis.blpop([f"done:{key}"], timeout=PATIENCE_S) is not None, "the chord's body never ran"


def test_the_body_runs_when_every_part_has_reported(
    app: Celery, worker: Process, redis: "Redis", joins: RedisJoins
) -> None:
    # when
    run_chord(app, "plain", ("analytics.add", [1]), ("analytics.add", [2]), ("analytics.add", [3]))
    wait_for_body(redis, "plain")
    # then
    assert {part: json.loads(value) for part, value in joins.values("plain").items()} == {
        "plain:0": 2, "plain:1": 3, "plain:2": 4,
    }  # fmt: skip
    assert redis.llen("done:plain") == 0


def test_a_chord_of_one_part_has_a_body_too(app: Celery, worker: Process, redis: "Redis") -> None:
    # when
    run_chord(app, "single", ("analytics.add", [1]))
    # then
    wait_for_body(redis, "single")


def test_a_child_killed_in_its_part_is_replaced_and_the_part_runs_again(
    app: Celery, worker: Process, redis: "Redis", joins: RedisJoins
) -> None:
    # when
    run_chord(app, "killed", ("analytics.die_once", ["killed"]), ("analytics.add", [1]))
    wait_for_body(redis, "killed")
    # then
    assert json.loads(joins.values("killed")["killed:0"]) == "survived"


def test_a_child_killed_between_recording_and_publishing_does_not_lose_the_body(
    app: Celery, worker: Process, redis: "Redis"
) -> None:
    # when: the last part's child dies after its value is counted
    run_chord(app, "die-after-record", ("analytics.add", [1]), ("analytics.add", [2]))
    # then
    wait_for_body(redis, "die-after-record")
    assert redis.exists("died:die-after-record") == 1


def test_a_part_killed_by_its_hard_limit_is_joined_as_one_that_failed(
    app: Celery, worker: Process, redis: "Redis", joins: RedisJoins
) -> None:
    # when
    run_chord(app, "hung", ("analytics.hang", []), ("analytics.add", [1]))
    wait_for_body(redis, "hung")
    # then
    value, refused = app.signer.open_outcome("hung", "hung:0", joins.values("hung")["hung:0"])  # type: ignore[attr-defined]
    assert (json.loads(value), refused) == ({"state": "FAILURE", "error": "TimeLimitExceeded"}, None)


def test_a_body_that_needs_fewer_parts_does_not_wait_for_the_others(
    app: Celery, worker: Process, redis: "Redis", joins: RedisJoins
) -> None:
    # when: the second part never runs, because nobody consumes its queue
    run_chord(app, "quorum", ("analytics.add", [1]), ("nlp.nobody", []), enough=1)
    # then
    wait_for_body(redis, "quorum")
    assert set(joins.values("quorum")) == {"quorum:0"}


def test_an_urgent_part_has_the_body_published_at_once(app: Celery, worker: Process, redis: "Redis") -> None:
    # when
    run_chord(app, "urgent", ("analytics.hurry", []), ("nlp.nobody", []))
    # then
    wait_for_body(redis, "urgent")


def test_a_part_that_expired_has_said_nothing_and_may_be_published_again(
    app: Celery, worker: Process, redis: "Redis", joins: RedisJoins
) -> None:
    # given: one of two copies comes too late
    late = app.signature("analytics.add", args=[1], immutable=True, task_id="late:0", expires=EPOCH)
    body = app.signature("callback.done", args=["late"], immutable=True, task_id="late")
    chord([late], body, app=app).apply_async()
    # when
    run_chord(app, "late", ("analytics.add", [1]))
    wait_for_body(redis, "late")
    # then
    assert json.loads(joins.values("late")["late:0"]) == 2


def test_a_void_value_is_not_kept(app: Celery, worker: Process, redis: "Redis", joins: RedisJoins) -> None:
    # when
    run_chord(app, "void", ("analytics.nothing", []), ("analytics.hurry", []))
    wait_for_body(redis, "void")
    # then
    assert set(joins.values("void")) == {"void:1"}
