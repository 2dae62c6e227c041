"""AWS requests as moto recorded them: real ones, counted by service and operation, and the units AWS would bill."""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms", "AmazonSQS": "sqs"}
"""The services that name their operation in the `X-Amz-Target` header, by its first half."""
_S3 = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
_WRITE_BYTES, _READ_BYTES = 1024, 4096
"""What one DynamoDB unit writes, and reads consistently."""


@dataclass(frozen=True)
class Request:
    """One request."""

    service: str
    operation: str
    body: dict[str, Any]


def parse(recording: str) -> Iterator[Request]:
    """The requests in the order of their arrival. Two of moto's threads may write into one line; both are read."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(recording):
        if recording[at].isspace():
            at += 1
            continue
        entry, at = decoder.raw_decode(recording, at)
        yield _request(entry)


def _request(entry: dict[str, Any]) -> Request:
    headers = {name.lower(): value for name, value in entry["headers"].items()}
    target = headers.get("x-amz-target", "")
    if not target:
        return Request("s3", _S3.get(entry["method"], entry["method"]), {})
    service, _, operation = target.partition(".")
    body = b64decode(entry["body"]) if entry.get("body_encoded") else entry["body"]
    return Request(SERVICES.get(service, service), operation, json.loads(body or "{}"))


def counts(requests: list[Request]) -> Counter[str]:
    """Requests by `service.Operation`."""
    return Counter(f"{each.service}.{each.operation}" for each in requests)


@dataclass
class Units:
    """What AWS bills for requests in their order, under the names of `prices.toml`.

    DynamoDB (docs: "Capacity unit consumption"): a write costs a unit per KiB of its item, twice in a transaction; a
    consistent read one per 4 KiB. The index `by_due` costs a unit when an item enters or leaves it and two when its
    key changes; `by_tenant` one when the item is new. Refused writes are billed too and counted like others.
    """

    used: Counter[str] = field(default_factory=Counter)
    largest_item: int = 0
    """Bytes of the largest item written."""
    _items: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def add(self, request: Request) -> None:
        """Bill one request. The sweep's queries are no run's and are left out."""
        match request.service, request.operation:
            case "sqs", _:
                self.used["sqs_request"] += 1
            case "kms", _:
                self.used["kms_request"] += 1
            case "s3", "PutObject":
                self.used["s3_put"] += 1
            case "s3", "GetObject" | "HeadObject":
                self.used["s3_get"] += 1
            case "dynamodb", operation:
                self._dynamodb(operation, request.body)

    def _dynamodb(self, operation: str, body: dict[str, Any]) -> None:
        if operation == "GetItem":
            size, _ = self._items.get(body["Key"]["pk"]["S"], (1, None))
            self.used["dynamodb_read_unit"] += ceil(size / _READ_BYTES)
        elif operation == "PutItem":
            self.used["dynamodb_write_unit"] += self._put(body["Item"])
        elif operation == "TransactWriteItems":
            self.used["dynamodb_write_unit"] += sum(
                2 * self._put(each["Put"]["Item"]) for each in body["TransactItems"]
            )
        elif operation == "UpdateItem":
            self.used["dynamodb_write_unit"] += 1

    def _put(self, item: dict[str, Any]) -> int:
        key, size, due = item["pk"]["S"], item_size(item), item.get("due_at")
        self.largest_item = max(self.largest_item, size)
        known = self._items.get(key)
        self._items[key] = size, due
        before = known[1] if known else None
        moved = 0 if due == before else (due is not None) + (before is not None)
        listed = int(known is None and "tenant" in item)
        return ceil(size / _WRITE_BYTES) + moved + listed


def item_size(item: dict[str, Any]) -> int:
    """Bytes of an item as DynamoDB counts them: names and values; a number takes about half a byte a digit."""
    return sum(len(name) + _size(*next(iter(value.items()))) for name, value in item.items())


def _size(kind: str, value: Any) -> int:
    if kind == "N":
        return ceil(len(value) / 2) + 1
    if kind == "B":
        return len(b64decode(value))
    if kind == "SS":
        return sum(len(each) for each in value)
    return len(str(value).encode())


def usd_per_million(used: dict[str, float], prices: dict[str, float]) -> dict[str, float]:
    """What a million runs cost that each use this, by unit and in `total`."""
    lines = {unit: amount * prices[unit] for unit, amount in used.items()}
    return lines | {"total": sum(lines.values())}
