"""What a run cost up to its report, estimated at list prices."""

from dataclasses import dataclass

from millrace.contracts.report import RunCost
from millrace.contracts.run import RunContext

REQUESTS_PER_MESSAGE = 3
"""Of SQS: sent, received, deleted."""
WRITE_UNITS_PER_STAGE = 4
"""The record is written when a stage begins and when it is joined, in two units of 1 KiB each."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """USD per unit."""

    basis: str
    """Which price list, and what it leaves out."""
    core_hour: float
    sqs_request: float
    dynamodb_write_unit: float
    s3_put: float


def cost(run: RunContext, prices: Prices) -> RunCost:
    """Compute, messages, record writes and objects of the steps that have ended."""
    stages = len({step.stage for step in run.steps})
    # Each stage is fanned out by one message and joined by another.
    messages = 1 + 2 * stages + sum(step.parts for step in run.steps)
    compute_s = sum(step.busy_s for step in run.steps)
    objects = 1 + sum(step.objects for step in run.steps)
    usd = (
        compute_s / 3600 * prices.core_hour
        + messages * REQUESTS_PER_MESSAGE * prices.sqs_request
        + stages * WRITE_UNITS_PER_STAGE * prices.dynamodb_write_unit
        + objects * prices.s3_put
    )
    return RunCost(usd=round(usd, 7), compute_s=round(compute_s, 3), messages=messages, basis=prices.basis)
