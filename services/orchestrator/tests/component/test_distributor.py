"""The distributor: what it publishes, and that a stage is looked at when its time is up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery import Celery
from services.orchestrator.tests.component.world import World

from millrace.contracts.messages import FanOut
from millrace.contracts.services import WorkerClass
from millrace.orchestrator.canvas import join_key
from millrace.orchestrator.distributor import AFTER_S, Distributor
from millrace.testing.factories import START
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.settings import WorkerSettings


@dataclass
class Later:
    """Keeps what is to be called, and calls it when the test says so."""

    calls: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((seconds, call))


@pytest.fixture
def app(world: World) -> Celery:
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url="memory://")
    return create_app("orchestrator", settings, WorkerClass.DISTRIBUTION, world.joins)


def waiting(app: Celery) -> dict[str, list[dict[str, Any]]]:
    """Task headers by queue, in the order of publishing."""
    found: dict[str, list[dict[str, Any]]] = {}
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        for queue in ("dataset-conversations", "dataset-customers", "nlp", "analytics"):
            channel.queue_declare(queue)
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                found.setdefault(queue, []).append(dict(message.headers))
    return found


def fan_out(world: World, app: Celery, only: tuple[str, ...] | None = None) -> Later:
    timer = Later()
    distributor = Distributor(
        app=app, store=world.runs, flows=world.flows, messenger=world.post, timer=timer, clock=lambda: world.at
    )
    stage = world.record.stage.name
    distributor.fan_out(FanOut(tenant="acme", run_id=world.run_id, attempt=1, stage=stage, only=only))
    return timer


def test_a_stage_is_published_as_one_chord_and_sealed(world: World, app: Celery) -> None:
    # given
    world.post.loses = True
    world.advance()
    # when
    fan_out(world, app)
    # then
    queues = waiting(app)
    assert {queue: len(headers) for queue, headers in queues.items()} == {
        "dataset-conversations": 1, "dataset-customers": 3,
    }  # fmt: skip
    key = join_key("acme", world.run_id, 1, "datasets")
    assert world.joins.sealed(key)
    assert world.joins.joins[key].size == 4


def test_an_optional_part_expires_with_its_stage_and_a_required_one_much_later(world: World, app: Celery) -> None:
    # given
    world.advance()
    # when
    fan_out(world, app)
    # then
    expires = {header["id"].rpartition(":")[2]: header["expires"] for header in waiting(app)["dataset-customers"]}
    assert expires["customers.0"] == world.record.stage.deadline_at.isoformat()
    assert expires["ratings.0"] > world.record.deadline_at.isoformat()


def test_only_the_parts_that_were_asked_for_are_published_again(world: World, app: Celery) -> None:
    # given
    world.advance()
    # when
    fan_out(world, app, only=("ratings.0",))
    # then
    assert [header["id"].rpartition(":")[2] for headers in waiting(app).values() for header in headers] == ["ratings.0"]


def test_a_stage_is_looked_at_when_its_time_is_up(world: World, app: Celery) -> None:
    # given
    world.advance()
    timer = fan_out(world, app)
    ((seconds, call),) = timer.calls
    # when
    call()
    # then
    assert seconds == pytest.approx((world.record.stage.deadline_at - START).total_seconds() + AFTER_S)
    assert world.post.sent[-1] == ("look", "datasets")
    waiting(app)


def test_a_stage_that_was_joined_in_time_is_not_looked_at_again(world: World, app: Celery) -> None:
    # given
    world.advance()
    ((_, call),) = fan_out(world, app).calls
    world.report_datasets()
    world.advance("datasets")
    sent = list(world.post.sent)
    # when
    call()
    # then
    assert world.post.sent == sent
    waiting(app)
