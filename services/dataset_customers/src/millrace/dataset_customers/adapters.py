"""Rows as Arrow tables, which are what is checked and what is written."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from millrace.contracts.tables import Table
from millrace.storage.tables import arrow_schema


def table_of(rows: Sequence[tuple[Any, ...]], schema: Table) -> pa.Table:
    """Rows, whose fields are in the order of the schema's columns, as a table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema.columns)
    return pa.table(dict(zip(schema.columns, columns, strict=True)), schema=arrow_schema(schema))
