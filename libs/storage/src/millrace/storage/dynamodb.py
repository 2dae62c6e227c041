"""The run store on DynamoDB.

One item per run under `pk = <tenant>#<run_id>`, the record sealed as a whole beside the attributes that conditions
and indexes need. `by_tenant` (tenant, run_id) lists a tenant's runs; `by_due` (due_shard, due_at) is sparse: an item is
in it only while something is left to do, so the sweep reads what is due and nothing else.
"""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from millrace.contracts.run import RunRecord
from millrace.storage.aws import Clients, error_code, lost_race, translated
from millrace.storage.errors import Conflict, NotFound, Repeated, Unavailable
from millrace.storage.ports import IDEMPOTENCY_S, Due, Envelope, Idempotency, Page
from millrace.storage.spans import store_span

DUE_SHARDS = 4
"""Partitions of `by_due`: one would bound the fleet to a single partition's 1,000 writes a second."""

_BATCH = 100
"""Keys that `BatchGetItem` takes; it answers with 16 MB at most, and what does not fit is left for another call."""
_MOST_CALLS = 20

_ZLIB = b"\x78"
"""What zlib's default window begins with (RFC 1950, section 2.2); a sealed message begins with its version, 2."""
_IF_FREE = "attribute_not_exists(pk)"


@dataclass(frozen=True)
class DynamoRuns:
    """Run records in one table; see the module's docstring for its keys."""

    clients: Clients
    table: str
    envelope: Envelope
    retention_days: int = 30

    @store_span("create run", "dynamodb")
    def create(self, record: RunRecord, once: Idempotency | None = None) -> None:
        """See `RunStore`. With a key, one transaction writes both items; it costs twice the writes of a plain put."""
        with translated("dynamodb create"):
            if once is None:
                self._put(record, f"{record.run_id} exists", ConditionExpression=_IF_FREE)
            else:
                self._create_once(record, once)

    def known(self, tenant: str, key: str) -> Idempotency | None:
        """See `RunStore`."""
        with translated("dynamodb key"):
            answer = self.clients.client("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": _once(tenant, key)}}, ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            return None
        return Idempotency(key=key, fingerprint=item["fingerprint"]["S"], answer=self._answer(item, tenant))

    @store_span("get run", "dynamodb")
    def get(self, tenant: str, run_id: str) -> RunRecord:
        """See `RunStore`."""
        with translated("dynamodb get"):
            answer = self.clients.client("dynamodb").get_item(
                TableName=self.table, Key={"pk": {"S": f"{tenant}#{run_id}"}}, ConsistentRead=True
            )
        item = answer.get("Item")
        if item is None:
            raise NotFound(f"no run {run_id}")
        return self.unpack(bytes(item["record"]["B"]), tenant, run_id)

    def unpack(self, packed: bytes, tenant: str, run_id: str) -> RunRecord:
        """The record as an item holds it: sealed, or only packed, as the release before wrote it."""
        if not packed.startswith(_ZLIB):
            packed = self.envelope.decrypt(packed, _context(tenant, run_id))
        return RunRecord.model_validate_json(zlib.decompress(packed))

    def delete(self, tenant: str, run_id: str) -> None:
        """See `RunStore`."""
        with translated("dynamodb delete"):
            self.clients.client("dynamodb").delete_item(TableName=self.table, Key={"pk": {"S": f"{tenant}#{run_id}"}})

    def ids(self, tenant: str) -> Iterator[str]:
        """See `RunStore`."""
        pages = self.clients.client("dynamodb").get_paginator("query")
        with translated("dynamodb ids"):
            for page in pages.paginate(TableName=self.table, **_of_tenant(tenant)):
                yield from (item["run_id"]["S"] for item in page["Items"])

    @store_span("replace run", "dynamodb")
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
        """See `RunStore`. The index holds keys only; the records are read in batches."""
        query: dict[str, Any] = {"TableName": self.table, "Limit": limit, **_of_tenant(tenant)}
        if cursor is not None:
            query["KeyConditionExpression"] += " AND run_id < :cursor"
            query["ExpressionAttributeValues"][":cursor"] = {"S": cursor}
        with translated("dynamodb page"):
            answer = self.clients.client("dynamodb").query(**query)
            runs = [item["run_id"]["S"] for item in answer["Items"]]
            found = self._batch(tenant, runs)
        more = runs[-1] if "LastEvaluatedKey" in answer and runs else None
        return Page(records=tuple(found[run] for run in runs if run in found), cursor=more)

    def due(self, before: datetime, limit: int) -> Sequence[Due]:
        """See `RunStore`. One query a shard."""
        return [due for shard in range(DUE_SHARDS) for due in self._due_in(shard, before, limit)][:limit]

    def _batch(self, tenant: str, runs: Sequence[str]) -> dict[str, RunRecord]:
        """The records that are there, by id. The table may answer for some and leave the rest for another call."""
        client = self.clients.client("dynamodb")
        found: dict[str, RunRecord] = {}
        keys = [{"pk": {"S": f"{tenant}#{run}"}} for run in runs]
        for _ in range(_MOST_CALLS):
            if not keys:
                return found
            asked = {self.table: {"Keys": keys[:_BATCH], "ConsistentRead": True}}
            answer = client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self.table, ()):
                run = item["run_id"]["S"]
                found[run] = self.unpack(bytes(item["record"]["B"]), tenant, run)
            left = answer["UnprocessedKeys"].get(self.table, {}).get("Keys", [])
            keys = [*left, *keys[_BATCH:]]
        raise Unavailable("dynamodb page: the table leaves too much unread")

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
        key = self._encode_key(record, once)
        puts = [
            {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": _IF_FREE}}
            for item in (key, self._encode(record))
        ]
        client = self.clients.client("dynamodb")
        try:
            client.transact_write_items(TransactItems=puts)
        except ClientError as error:
            if not lost_race(error):
                raise
            known = self.known(record.tenant, once.key)
            if known is None:
                raise Conflict(f"{record.run_id} exists") from error
            raise Repeated(known.fingerprint, known.answer) from error

    def _put(self, record: RunRecord, conflict: str, **condition: Any) -> None:
        try:
            self.clients.client("dynamodb").put_item(TableName=self.table, Item=self._encode(record), **condition)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise Conflict(conflict) from error
            raise

    def _encode(self, record: RunRecord) -> dict[str, Any]:
        # DynamoDB bills by the KiB written; the record's JSON shrinks to about a fifth.
        packed = zlib.compress(record.model_dump_json().encode())
        item: dict[str, Any] = {
            "pk": {"S": f"{record.tenant}#{record.run_id}"},
            "tenant": {"S": record.tenant},
            "run_id": {"S": record.run_id},
            "revision": {"N": str(record.revision)},
            "status": {"S": record.status.value},
            "record": {"B": self.envelope.encrypt(packed, _context(record.tenant, record.run_id))},
        }
        if record.due_at is not None:
            item["due_at"] = {"N": str(record.due_at.timestamp())}
            item["due_shard"] = {"S": str(zlib.crc32(record.run_id.encode()) % DUE_SHARDS)}
        if record.ended_at is not None:
            expires = record.ended_at + timedelta(days=self.retention_days)
            item["expires_at"] = {"N": str(int(expires.timestamp()))}
        return item

    def _encode_key(self, record: RunRecord, once: Idempotency) -> dict[str, Any]:
        place = _once(record.tenant, once.key)
        expires = record.accepted_at + timedelta(seconds=IDEMPOTENCY_S)
        return {
            "pk": {"S": place},
            "fingerprint": {"S": once.fingerprint},
            "answer": {"B": self.envelope.encrypt(once.answer.encode(), _answer_context(record.tenant, place))},
            "expires_at": {"N": str(int(expires.timestamp()))},
        }

    def _answer(self, item: dict[str, Any], tenant: str) -> str:
        answer = item["answer"]
        # The release before kept it as text.
        if "S" in answer:
            return str(answer["S"])
        return self.envelope.decrypt(bytes(answer["B"]), _answer_context(tenant, item["pk"]["S"])).decode()


def _context(tenant: str, run_id: str) -> dict[str, str]:
    return {"tenant": tenant, "run": run_id, "purpose": "run-record", "schema": "run/1"}


def _answer_context(tenant: str, place: str) -> dict[str, str]:
    return {"tenant": tenant, "key": place, "purpose": "idempotency", "schema": "answer/1"}


def _of_tenant(tenant: str) -> dict[str, Any]:
    """The index of a tenant's runs, the newest first."""
    return {
        "IndexName": "by_tenant", "KeyConditionExpression": "tenant = :tenant",
        "ExpressionAttributeValues": {":tenant": {"S": tenant}}, "ScanIndexForward": False,
    }  # fmt: skip


def _once(tenant: str, key: str) -> str:
    return f"once#{tenant}#{hashlib.sha256(key.encode()).hexdigest()}"
