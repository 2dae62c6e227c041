import pytest

from millrace.analytics.adapters import load_prices
from millrace.analytics.domain.cost import Prices, cost
from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.run import RunContext, StepContext


def run(*steps):
    return RunContext(
        run_id="run_01J00000000000000000000000", tenant="acme", flow="f", flow_version=1, attempt=1, records=10,
        accepted_at="2026-01-02T03:04:05Z", batch_sha256="ab" * 32, steps=steps,
    )  # fmt: skip


def step(stage, name, parts, busy_s, objects):
    return StepContext(
        stage=stage, step=name, status=OutcomeStatus.SUCCEEDED, parts=parts, busy_s=busy_s, objects=objects
    )


def test_compute_messages_writes_and_objects_are_paid_for():
    # given
    prices = Prices(basis="made up", core_hour=3600, sqs_request=1, dynamodb_write_unit=10, s3_put=100)
    # when
    found = cost(run(step("a", "one", 1, 0.5, 2), step("b", "two", 4, 2.0, 0), step("b", "three", 1, 0.5, 0)), prices)
    # then
    assert (found.compute_s, found.messages) == (3.0, 1 + 2 * 2 + 6)
    assert found.usd == pytest.approx(3.0 + 3 * 11 + 10 * 8 + 100 * 3)


def test_the_price_list_says_what_it_leaves_out():
    # when
    found = cost(run(step("a", "one", 1, 1.0, 1)), load_prices())
    # then
    assert 1e-5 < found.usd < 1e-3
    assert "without" in found.basis
