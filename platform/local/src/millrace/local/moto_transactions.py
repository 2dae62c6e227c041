"""Make moto's DynamoDB transactions keep what they touch, not the whole table.

Before each transaction moto copies every table that it names, item by item, and puts the copies back when a condition
fails (`DynamoDBBackend.transact_write_items`, moto 5.2.5). So an accepted run costs more with every run that is stored,
and a transaction that fails undoes what other requests wrote meanwhile. Real DynamoDB does neither.
"""

import copy
import threading
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_ONE_AT_A_TIME = threading.Lock()


def keep_what_they_touch() -> None:
    """Patch moto, once in a process."""
    original: Any = DynamoDBBackend.transact_write_items

    def transact(self: Any, transact_items: list[dict[str, Any]]) -> None:
        with _ONE_AT_A_TIME:
            kept = [place for item in transact_items for place in _places(self, item)]
            try:
                original(self, transact_items)
            except BaseException:
                for table, pk, sk, item in kept:
                    _put_back(table, pk, sk, item)
                raise

    # What moto copies is then the table itself, and putting that back changes nothing.
    patched: Any = Table
    patched.__deepcopy__ = lambda table, memo: table
    backend: Any = DynamoDBBackend
    backend.transact_write_items = transact


def _places(backend: Any, item: dict[str, Any]) -> list[tuple[Any, Any, Any, Any]]:
    """Table, key and present item of each operation; none where moto itself refuses the operation."""
    places = []
    for operation in item.values():
        table, key = backend.tables.get(operation.get("TableName")), operation.get("Item") or operation.get("Key", {})
        if table is None or table.hash_key_attr not in key:
            continue
        pk = DynamoType(key[table.hash_key_attr])
        sk = DynamoType(key[table.range_key_attr]) if table.range_key_attr in key else None
        places.append((table, pk, sk, copy.deepcopy(_found(table, pk, sk))))
    return places


def _found(table: Any, pk: Any, sk: Any) -> Any:
    found = table.items.get(pk)
    return found if sk is None or found is None else found.get(sk)


def _put_back(table: Any, pk: Any, sk: Any, item: Any) -> None:
    owner, key = (table.items, pk) if sk is None else (table.items[pk], sk)
    if item is None:
        owner.pop(key, None)
    else:
        owner[key] = item
