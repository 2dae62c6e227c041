"""The moto of the local stack: a transaction undoes its own writes and nobody else's."""

import threading

import pytest
from botocore.exceptions import ClientError

from millrace.storage.aws import Clients
from millrace.storage.provision import create_account_table

TABLE = "transactions"
FREE = "attribute_not_exists(pk)"


@pytest.fixture
def table(clients: Clients):
    create_account_table(clients, TABLE)
    yield TABLE
    clients.client("dynamodb").delete_table(TableName=TABLE)


def put(pk: str, value: str) -> dict:
    item = {"pk": {"S": pk}, "sk": {"S": "it"}, "value": {"S": value}}
    return {"Put": {"TableName": TABLE, "Item": item, "ConditionExpression": FREE}}


def values(clients: Clients) -> dict[str, str]:
    items = clients.client("dynamodb").scan(TableName=TABLE)["Items"]
    return {item["pk"]["S"]: item["value"]["S"] for item in items}


def test_a_transaction_that_fails_leaves_nothing_behind(clients: Clients, table: str) -> None:
    # Given an item
    dynamodb = clients.client("dynamodb")
    dynamodb.transact_write_items(TransactItems=[put("taken", "first")])

    # When a transaction writes a free and the taken one
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        dynamodb.transact_write_items(TransactItems=[put("free", "second"), put("taken", "second")])

    # Then neither is written
    assert values(clients) == {"taken": "first"}


def test_a_transaction_that_fails_undoes_nobody_elses_writes(clients: Clients, table: str) -> None:
    # Given requests that write, beside requests that fail
    dynamodb = clients.client("dynamodb")
    dynamodb.transact_write_items(TransactItems=[put("taken", "first")])

    def write(number: int) -> None:
        if number % 2:
            dynamodb.put_item(TableName=TABLE, Item=put(str(number), "written")["Put"]["Item"])
            return
        with pytest.raises(ClientError):
            dynamodb.transact_write_items(TransactItems=[put("taken", "again")])

    # When they come together
    threads = [threading.Thread(target=write, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Then every write is there
    assert values(clients) == {"taken": "first"} | {str(number): "written" for number in range(1, 60, 2)}
