"""The run store on DynamoDB.

One item per run under `pk = <tenant>#<run_id>`, the record as JSON beside the attributes that conditions and indexes
need. `by_tenant` (tenant, run_id) lists a tenant's runs; `by_due` (due_shard, due_at) is sparse: an item is in it
only while something is left to do, so the sweep reads what is due and nothing else.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from millrace.contracts.run import RunRecord
from millrace.storage.aws import Clients, error_code, translated
from millrace.storage.errors import Conflict, NotFound, Repeated
from millrace.storage.ports import IDEMPOTENCY_S, Due, Idempotency, Page

DUE_SHARDS = 4
"""Partitions of `by_due`: one would bound the fleet to a single partition's 1,000 writes a second."""

_IF_FREE = "attribute_not_exists(pk)"


@dataclass(frozen=True)
class DynamoRuns:
    """Run records in one table; see the module's docstring for its keys."""

    clients: Clients
    table: str
    retention_days: int = 30

    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        """See `RunStore`. With a key, one transaction writes both items; it costs twice the writes of a plain put."""
        with translated("dynamodb create"):
            if once is None:
                self._put(record, f"{record.run_id} exists", ConditionExpression=_IF_FREE)
            else:
                self._create_once(record, once)

    def knows_key(self, tenant: str, key: str) -> bool:
        """See `RunStore`."""
        with translated("dynamodb key"):
            answer = self.clients.client("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": _once(tenant, key)}}, ConsistentRead=True
            )
        return "Item" in answer

    def get(self, tenant: str, run_id: str) -> RunRecord:
        """See `RunStore`."""
        with translated("dynamodb get"):
            answer = self.clients.client("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": f"{tenant}#{run_id}"}}, ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            raise NotFound(f"no run {run_id}")
        return _decode(item)

    def replace(self, record: RunRecord) -> RunRecord:
        """See `RunStore`.

        A write whose answer was lost is tried again by the client and then meets its own revision; what is stored
        tells whether it was ours.
        """
        written = record.model_copy(update={"revision": record.revision + 1})
        with translated("dynamodb replace"):
            try:
                self._put(
                    written,
                    f"{record.run_id} has moved on",
                    ConditionExpression="revision = :read",
                    ExpressionAttributeValues={":read": {"N": str(record.revision)}},
                )
            except Conflict:
                if self.get(record.tenant, record.run_id) != written:
                    raise
        return written

    def page(self, tenant: str, limit: int, cursor: str | None = None) -> Page:
        """See `RunStore`. The index holds keys only; the records are read in one batch."""
        query: dict[str, Any] = {
            "TableName": self.table, "IndexName": "by_tenant", "KeyConditionExpression": "tenant = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": tenant}}, "ScanIndexForward": False, "Limit": limit,
        }  # fmt: skip
        if cursor is not None:
            query["KeyConditionExpression"] += " AND run_id < :cursor"
            query["ExpressionAttributeValues"][":cursor"] = {"S": cursor}
        with translated("dynamodb page"):
            answer = self.clients.client("dynamodb").query(**query)
        runs = [item["run_id"]["S"] for item in answer["Items"]]
        more = runs[-1] if "LastEvaluatedKey" in answer and runs else None
        return Page(records=tuple(self.get(tenant, run) for run in runs), cursor=more)

    def due(self, before: datetime, limit: int) -> Sequence[Due]:
        """See `RunStore`. One query a shard."""
        return [due for shard in range(DUE_SHARDS) for due in self._due_in(shard, before, limit)][:limit]

    def _due_in(self, shard: int, before: datetime, limit: int) -> list[Due]:
        with translated("dynamodb due"):
            answer = self.clients.client("dynamodb").query(
                TableName=self.table,
                IndexName="by_due",
                KeyConditionExpression="due_shard = :shard AND due_at <= :before",
                ExpressionAttributeValues={":shard": {"S": str(shard)}, ":before": {"N": str(before.timestamp())}},
                Limit=limit,
            )
        return [
            Due(
                tenant=item["tenant"]["S"],
                run_id=item["run_id"]["S"],
                due_at=datetime.fromtimestamp(float(item["due_at"]["N"]), UTC),
            )
            for item in answer["Items"]
        ]

    def _create_once(self, record: RunRecord, once: Idempotency) -> None:
        key = _encode_key(record, once)
        puts = [
            {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": _IF_FREE}}
            for item in (key, _encode(record, self.retention_days))
        ]
        client = self.clients.client("dynamodb")
        try:
            client.transact_write_items(TransactItems=puts)
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            known = client.get_item(TableName=self.table, Key={"pk": key["pk"]}, ConsistentRead=True).get("Item")
            if known is None:
                raise Conflict(f"{record.run_id} exists") from error
            raise Repeated(known["fingerprint"]["S"], known["answer"]["S"]) from error

    def _put(self, record: RunRecord, conflict: str, **condition: Any) -> None:
        try:
            self.clients.client("dynamodb").put_item(
                TableName=self.table, Item=_encode(record, self.retention_days), **condition
            )
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise Conflict(conflict) from error
            raise


def _encode(record: RunRecord, retention_days: int) -> dict[str, Any]:
    item: dict[str, Any] = {
        "pk": {"S": f"{record.tenant}#{record.run_id}"},
        "tenant": {"S": record.tenant},
        "run_id": {"S": record.run_id},
        "revision": {"N": str(record.revision)},
        "status": {"S": record.status.value},
        # DynamoDB bills by the KiB written; the record's JSON shrinks to about a fifth.
        "record": {"B": zlib.compress(record.model_dump_json().encode())},
    }
    if record.due_at is not None:
        item["due_at"] = {"N": str(record.due_at.timestamp())}
        item["due_shard"] = {"S": str(zlib.crc32(record.run_id.encode()) % DUE_SHARDS)}
    if record.ended_at is not None:
        expires = record.ended_at + timedelta(days=retention_days)
        item["expires_at"] = {"N": str(int(expires.timestamp()))}
    return item


def _encode_key(record: RunRecord, once: Idempotency) -> dict[str, Any]:
    expires = record.accepted_at + timedelta(seconds=IDEMPOTENCY_S)
    return {
        "pk": {"S": _once(record.tenant, once.key)},
        "fingerprint": {"S": once.fingerprint},
        "answer": {"S": once.answer},
        "expires_at": {"N": str(int(expires.timestamp()))},
    }


def _once(tenant: str, key: str) -> str:
    return f"once#{tenant}#{hashlib.sha256(key.encode()).hexdigest()}"


def _decode(item: dict[str, Any]) -> RunRecord:
    return RunRecord.model_validate_json(zlib.decompress(bytes(item["record"]["B"])))
