"""Items on DynamoDB: one table, `pk` the owner and `sk` the name."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from millrace.storage.aws import Clients, lost_race, translated
from millrace.storage.errors import Conflict, NotFound
from millrace.storage.items import Item, ItemPage


@dataclass(frozen=True)
class DynamoItems:
    """See `Items`."""

    clients: Clients
    table: str

    def get(self, owner: str, name: str) -> Item:
        """See `Items`."""
        with translated("dynamodb item"):
            answer = self._client().get_item(TableName=self.table, Key=_key(owner, name), ConsistentRead=True)
        if "Item" not in answer:
            raise NotFound(f"no item {name}")
        return _decode(answer["Item"])

    def put(self, item: Item) -> Item:
        """See `Items`.

        A write whose answer was lost is tried again by the client and then meets its own revision; what is stored
        tells whether it was ours.
        """
        written = replace(item, revision=item.revision + 1)
        with translated("dynamodb put item"):
            try:
                self._client().put_item(**self._put(item))
            except ClientError as error:
                if not lost_race(error):
                    raise
                if not self._is_there(written):
                    raise Conflict(f"{item.name} has moved on") from error
        return written

    def put_all(self, items: tuple[Item, ...]) -> None:
        """See `Items`."""
        with translated("dynamodb put items"):
            try:
                self._client().transact_write_items(TransactItems=[{"Put": self._put(item)} for item in items])
            except ClientError as error:
                if not lost_race(error):
                    raise
                if not all(self._is_there(replace(item, revision=item.revision + 1)) for item in items):
                    raise Conflict(f"one of {len(items)} items has moved on") from error

    def delete(self, owner: str, name: str) -> None:
        """See `Items`."""
        with translated("dynamodb delete item"):
            self._client().delete_item(TableName=self.table, Key=_key(owner, name))

    def page(
        self, owner: str, prefix: str = "", limit: int = 100, after: str | None = None, newest_first: bool = False
    ) -> ItemPage:
        """See `Items`."""
        condition, values = "pk = :owner", {":owner": {"S": owner}}
        if prefix:
            condition += " AND begins_with(sk, :prefix)"
            values[":prefix"] = {"S": prefix}
        query: dict[str, Any] = {"ExclusiveStartKey": _key(owner, after)} if after is not None else {}
        with translated("dynamodb items"):
            answer = self._client().query(
                TableName=self.table, KeyConditionExpression=condition, ExpressionAttributeValues=values, Limit=limit,
                ScanIndexForward=not newest_first, ConsistentRead=True, **query,
            )  # fmt: skip
        items = tuple(_decode(item) for item in answer["Items"])
        return ItemPage(items=items, cursor=items[-1].name if "LastEvaluatedKey" in answer and items else None)

    def _client(self) -> Any:
        return self.clients.client("dynamodb")

    def _is_there(self, written: Item) -> bool:
        try:
            found = self.get(written.owner, written.name)
        except NotFound:
            return False
        return (found.revision, found.body) == (written.revision, written.body)

    def _put(self, item: Item) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self.table, "Item": _encode(item)}
        if item.revision == 0:
            return put | {"ConditionExpression": "attribute_not_exists(pk)"}
        values = {":read": {"N": str(item.revision)}}
        return put | {"ConditionExpression": "revision = :read", "ExpressionAttributeValues": values}


def _key(owner: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": owner}, "sk": {"S": name}}


def _encode(item: Item) -> dict[str, Any]:
    encoded = _key(item.owner, item.name) | {"body": {"B": item.body}, "revision": {"N": str(item.revision + 1)}}
    if item.expires_at is not None:
        encoded["expires_at"] = {"N": str(int(item.expires_at.timestamp()))}
    return encoded


def _decode(stored: dict[str, Any]) -> Item:
    expires = stored.get("expires_at")
    return Item(
        owner=stored["pk"]["S"], name=stored["sk"]["S"], body=bytes(stored["body"]["B"]),
        revision=int(stored["revision"]["N"]),
        expires_at=datetime.fromtimestamp(int(expires["N"]), UTC) if expires else None,
    )  # fmt: skip
