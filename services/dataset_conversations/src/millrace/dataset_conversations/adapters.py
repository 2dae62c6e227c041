"""Rows as Arrow tables, which are what is checked and what is written; and the collector held off meanwhile."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from millrace.contracts.tables import Table
from millrace.storage.tables import arrow_schema


def table_of(rows: Sequence[tuple[Any, ...]], schema: Table) -> pa.Table:
    """Rows, whose fields are in the order of the schema's columns, as a table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema.columns)
    return table_from(dict(zip(schema.columns, columns, strict=True)), schema)


def table_from(columns: Mapping[str, Sequence[Any]], schema: Table) -> pa.Table:
    """Columns by name as a table."""
    return pa.table(dict(columns), schema=arrow_schema(schema))


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles: a dataset has none, and looking for them takes 0.15 of the time to build it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
