"""Datasets as Parquet, checked against their schema. Needs the `tables` extra (pyarrow)."""

import io

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from millrace.contracts.tables import Column, Table
from millrace.storage.errors import StorageError

_TYPES: dict[Column, pa.DataType] = {
    Column.STRING: pa.string(),
    Column.INTEGER: pa.int64(),
    Column.REAL: pa.float64(),
    Column.BOOLEAN: pa.bool_(),
    Column.TIME: pa.timestamp("us", tz="UTC"),
    Column.STRINGS: pa.list_(pa.string()),
    Column.BYTES: pa.binary(),
    Column.SPANS: pa.list_(
        pa.struct([("kind", pa.string()), ("value", pa.string()), ("start", pa.int64()), ("end", pa.int64())])
    ),
}


class SchemaMismatch(StorageError):
    """A table does not have the columns or types of its schema."""


def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of a dataset."""
    return pa.schema([(name, _TYPES[column]) for name, column in table.columns.items()])


def conform(data: pa.Table, table: Table) -> pa.Table:
    """The table with exactly the schema's columns, in order and cast to its types; SchemaMismatch when it cannot be."""
    missing = [name for name in table.columns if name not in data.column_names]
    if missing:
        raise SchemaMismatch(f"{table.schema_name} lacks {', '.join(missing)}")
    try:
        return data.select(list(table.columns)).cast(arrow_schema(table))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise SchemaMismatch(f"{table.schema_name} has columns of another type") from error


def encode(data: pa.Table, table: Table) -> bytes:
    """The table as Parquet bytes. The same table gives the same bytes."""
    sink = io.BytesIO()
    pq.write_table(conform(data, table), sink, compression="zstd")
    return sink.getvalue()


def decode(data: bytes, table: Table) -> pa.Table:
    """Parquet bytes as a table with the schema's columns; columns that it does not know are left out, and those that
    an earlier release did not write are null.
    """
    try:
        return conform(_completed(pq.read_table(io.BytesIO(data)), table), table)
    except pa.ArrowInvalid as error:
        raise SchemaMismatch(f"{table.schema_name} is not readable as Parquet") from error


def _completed(data: pa.Table, table: Table) -> pa.Table:
    for name, column in table.columns.items():
        if name in table.added and name not in data.column_names:
            data = data.append_column(name, pa.nulls(data.num_rows, _TYPES[column]))
    return data


def read_column(data: bytes, name: str) -> list[str]:
    """One column's values of a dataset, without its others; empty when it has no such column."""
    file = pq.ParquetFile(pa.BufferReader(data))
    return list(file.read(columns=[name]).column(0).to_pylist()) if name in file.schema_arrow.names else []
