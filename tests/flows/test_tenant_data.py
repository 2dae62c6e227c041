"""What operators do to a tenant's data, over the whole stack: erase a customer, rotate keys."""

import json

import pytest

from millrace.client.errors import Refused
from millrace.contracts.run import RunStatus
from millrace.local.stack import LOCAL_CREDENTIALS, STORAGE_SETTINGS, TENANT
from millrace.storage.connect import connect_stores
from millrace.storage.erasing import Erasing
from millrace.storage.settings import StorageSettings
from millrace.testing.stack import GIVE_UP_S, StackUnderTest

CUSTOMER = "customer-4711"


def _batch() -> bytes:
    texts = ("The delivery came late again.", "Great service, friendly staff.", "The app crashes when I pay.")
    rows = (
        {
            "record_id": str(number), "text": f"{texts[number % 3]} Visit {number}.",
            "customer_ref": CUSTOMER if number < 3 else f"other-{number}",
        }
        for number in range(24)
    )  # fmt: skip
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_an_erased_customers_report_is_made_anew_without_them_under_a_new_key(stack: StackUnderTest) -> None:
    # given a run with a report
    url = stack.stack.callback_url
    accepted = stack.client.submit_file(_batch(), "application/x-ndjson", callback_url=url)
    run = stack.wait_for_callback(accepted.run_id)
    assert run.status is RunStatus.COMPLETED
    known = {name: stack.stack.environment[f"MILLRACE_{name.upper()}"] for name in STORAGE_SETTINGS}
    stores = connect_stores(StorageSettings.model_validate(known), LOCAL_CREDENTIALS)
    # when the keys are rotated and the customer is erased
    stores.keys.rotate(TENANT)
    erasure = Erasing(runs=stores.runs, artifacts=stores.artifacts).erase(TENANT, CUSTOMER)
    # then the report is gone
    assert (erasure.records, erasure.changed) == (3, (run.run_id,))
    with pytest.raises(Refused) as refused:
        stack.client.report(run.run_id)
    assert refused.value.problem.status == 404
    # and when the run is redriven, it is made anew from what is left
    stack.client.redrive(run.run_id)
    again = stack.client.wait(
        run.run_id, GIVE_UP_S,
        done=lambda run: run.attempt == 2 and bool(run.callback and run.callback.delivered_at),
    )  # fmt: skip
    assert again.status is RunStatus.COMPLETED
    record = stores.runs.get(TENANT, run.run_id)
    stores.close()
    assert record.records == 21
    assert stack.client.report(run.run_id).run_id == run.run_id
