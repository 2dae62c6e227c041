"""How workers are set up: the limits fit together and the command lines say what the classes mean."""

import pytest

from millrace.contracts import catalogue, routing
from millrace.contracts.services import DEPLOYMENTS, WorkerClass
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.classes import UnknownDeployment, arguments, deployment
from millrace.worker.config import celery_settings
from millrace.worker.lease import LOOK_EVERY, RENEW_AFTER
from millrace.worker.publish import MessageTooLarge, signature
from millrace.worker.settings import WorkerSettings

SETTINGS = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url="redis://localhost", concurrency=3)


def test_a_lease_that_is_renewed_at_the_last_look_has_half_of_its_time_left() -> None:
    # seen first one look after it was received, and found due one look after it became so
    assert RENEW_AFTER + 2 * LOOK_EVERY <= 0.5


def test_a_dead_worker_polls_no_more_when_its_leases_run_out() -> None:
    # given: SQS answers a long poll whose caller is gone, and hides for a while what it answers with
    settings = WorkerSettings(
        message_secret=MESSAGE_SECRET, broker_url="sqs://", sqs_queue_url="http://127.0.0.1:5000/1/"
    )
    # when
    options = celery_settings(settings, WorkerClass.TASK)["broker_transport_options"]
    # then
    assert options["wait_time_seconds"] <= settings.visibility_s * (1 - RENEW_AFTER - LOOK_EVERY)


def test_every_task_has_a_hard_limit_at_which_its_lease_ends() -> None:
    assert all(spec.hard_limit_s for spec in (*catalogue.PARTS, *catalogue.CONTROL))


@pytest.mark.parametrize("of", [d for d in DEPLOYMENTS if d.queue], ids=lambda d: d.name)
def test_each_worker_consumes_its_own_queue_with_the_pool_of_its_class(of) -> None:  # type: ignore[no-untyped-def]
    # when
    command = arguments(of, 3)
    # then
    assert command[command.index("-Q") + 1] == of.queue
    assert command[command.index("-P") + 1] == ("prefork" if of.worker_class is WorkerClass.TASK else "gevent")


def test_a_task_worker_takes_one_message_a_child_and_acknowledges_late() -> None:
    found = celery_settings(SETTINGS, WorkerClass.TASK)
    assert (found["worker_prefetch_multiplier"], found["worker_concurrency"]) == (1, 3)
    assert found["task_acks_late"] and found["task_reject_on_worker_lost"]


@pytest.mark.parametrize(
    ("url", "secure"), [("https://sqs.eu-central-1.amazonaws.com/1/", True), ("http://127.0.0.1:5000/1/", False)]
)
def test_on_sqs_every_queue_is_predefined(url: str, secure: bool) -> None:
    # given
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url="sqs://", sqs_queue_url=url)
    # when
    options = celery_settings(settings, WorkerClass.TASK)["broker_transport_options"]
    # then
    assert set(options["predefined_queues"]) == {*routing.QUEUES, routing.UNROUTED, routing.DEAD_LETTERS}
    assert options["predefined_queues"]["nlp"]["url"] == f"{url}nlp"
    assert options["is_secure"] is secure


def test_an_unknown_deployment_is_refused_by_name() -> None:
    with pytest.raises(UnknownDeployment, match="nope"):
        deployment("nope")


def test_secrets_are_in_no_representation_of_the_settings() -> None:
    assert "hunter2" not in repr(WorkerSettings(message_secret=MESSAGE_SECRET, broker_url="redis://:hunter2@localhost"))


def test_a_message_that_belongs_into_an_artifact_is_refused() -> None:
    # given
    from celery import Celery

    from millrace.contracts.messages import FanOut
    from millrace.testing.factories import run_record

    record = run_record()
    big = FanOut(tenant="acme", run_id=record.run_id, stage="datasets", only=tuple("x" * 100 for _ in range(200)))
    # when / then
    with pytest.raises(MessageTooLarge, match=r"distribution\.fan_out"):
        signature(Celery("test", set_as_current=False), catalogue.FAN_OUT, big, "id")
