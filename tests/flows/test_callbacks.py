"""Callbacks through the whole stack: tested, delivered, asked for again, and signed through a rotation."""

import time

from millrace.client.errors import Refused
from millrace.contracts.run import CallbackStatus
from millrace.testing.stack import GIVE_UP_S, StackUnderTest

CSV = b"id,review,stars\n1,Lovely and soft,5\n2,Too small,2\n3,The delivery was late,1\n"


def test_an_endpoint_is_tested_by_the_real_callback_service(stack: StackUnderTest) -> None:
    # given
    callbacks = stack.client.callbacks
    endpoint = callbacks.find(stack.stack.callback_url)
    assert endpoint is not None
    # when
    outcome = callbacks.outcome(callbacks.test(endpoint.endpoint_id), GIVE_UP_S)
    # then
    assert outcome is not None
    assert (outcome.status, outcome.error, outcome.kind) == (200, "", "test")
    assert outcome.headers["webhook-signature"].startswith("v1,")


def test_a_private_address_is_refused_at_the_door(stack: StackUnderTest) -> None:
    for url in ("https://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "https://[::1]/"):
        try:
            stack.client.submit_file(CSV, "text/csv", callback_url=url)
        except Refused as refused:
            assert refused.problem.type == "urn:millrace:problem:bad-callback-url"
        else:
            raise AssertionError(f"{url} was taken")


def test_a_replay_repeats_the_event_and_a_rotation_breaks_nobody(stack: StackUnderTest) -> None:
    # given
    accepted = stack.client.submit_file(CSV, "text/csv", callback_url=stack.stack.callback_url)
    run = stack.wait_for_callback(accepted.run_id)
    assert run.callback is not None
    stack.client.callbacks.rotate(run.callback.endpoint_id)
    # when
    asked = stack.client.callbacks.replay(run.run_id)
    give_up = time.monotonic() + GIVE_UP_S
    again = stack.client.run(run.run_id).callback
    while again is None or again.deliveries < asked.delivery:
        assert time.monotonic() < give_up
        again = stack.client.wait(run.run_id).callback
    # then: the stack's consumer keeps what it verified with the former secret
    first, second = stack.callbacks(run)
    assert again.status is CallbackStatus.DELIVERED and asked.event_id == run.callback.event_id
    assert first["body"] == second["body"] and second["verified"]
    assert len(second["headers"]["webhook-signature"].split()) == 4
    log = stack.client.callbacks.deliveries(run.callback.endpoint_id).deliveries
    assert [(each.kind, each.delivery) for each in log if each.run_id == run.run_id] == [("replay", 2), ("run", 1)]
