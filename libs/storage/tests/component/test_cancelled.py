"""What a cancelled transaction means is in its reasons."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from millrace.storage.connect import Stores
from millrace.storage.dynamodb import DynamoRuns
from millrace.storage.dynamodb_items import DynamoItems
from millrace.storage.errors import Conflict, StorageError, Unavailable
from millrace.storage.items import Item
from millrace.storage.memory import MemoryEnvelope
from millrace.storage.ports import Idempotency
from millrace.testing.factories import run_record

ONCE = Idempotency(key="k", fingerprint="f", answer="a")


class Cancelling:
    """A client of a table that is empty and cancels every transaction for these reasons, as DynamoDB answers."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons

    def client(self, service: str) -> "Cancelling":
        return self

    def get_item(self, **given: Any) -> dict[str, Any]:
        return {}

    def transact_write_items(self, **given: Any) -> None:
        raise ClientError(
            {
                "Error": {"Code": "TransactionCanceledException"},
                "CancellationReasons": [{"Code": reason} for reason in self.reasons],
            },
            "TransactWriteItems",
        )


def put_all(clients: Any) -> None:
    DynamoItems(clients, "accounts").put_all((Item(owner="o", name="n", body=b""),))


def create(clients: Any) -> None:
    DynamoRuns(clients, "runs", MemoryEnvelope()).create(run_record(), ONCE)


@pytest.mark.parametrize("write", [put_all, create])
@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        (("None", "ConditionalCheckFailed"), Conflict),
        (("TransactionConflict", "None"), Conflict),
        (("None", "ThrottlingError"), Unavailable),
        (("ProvisionedThroughputExceeded",), Unavailable),
        (("ValidationError",), StorageError),
        ((), StorageError),
    ],
)
def test_only_what_somebody_else_wrote_is_a_conflict(
    write: Callable[[Any], None], reasons: tuple[str, ...], error: type[StorageError]
) -> None:
    # when
    with pytest.raises(StorageError) as raised:
        write(Cancelling(*reasons))
    # then
    assert raised.type is error


def test_a_real_table_gives_its_reasons(stores: Stores) -> None:
    # given
    item = Item(owner="o", name="n", body=b"first")
    stores.items.put(item)
    # when / then
    with pytest.raises(Conflict):
        stores.items.put_all((Item(owner="o", name="other", body=b""), Item(owner="o", name="n", body=b"second")))
