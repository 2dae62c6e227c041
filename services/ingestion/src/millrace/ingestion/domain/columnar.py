"""Parquet: columns of typed values to a sheet."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from millrace.ingestion.domain.cells import as_text
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.foreign import guarded
from millrace.ingestion.domain.parsed import MAX_COLUMNS, MAX_EXPANDED, MAX_RECORDS, Options, Parsed
from millrace.ingestion.domain.sheet import Sheet, from_columns
from millrace.ingestion.domain.tabular import Origin, parsed, tabulate

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

PARQUET = b"PAR1"
_INDEX = "__index_level_"
"""How pandas calls the columns of a data frame's index."""


def parse_parquet(data: bytes, options: Options) -> Parsed:
    """The records of a Parquet file; nested columns are left out and said."""
    sheet, left = guarded("the Parquet file is damaged", lambda: _sheet(data))
    notes = (f"columns of lists or structures that were not read: {', '.join(left)}",) if left else ()
    return parsed(tabulate(sheet, options), Origin(format="parquet", notes=notes))


def _sheet(data: bytes) -> tuple[Sheet, list[str]]:
    import pyarrow.parquet as pq  # 0.4 s, in the parser's child only

    with pq.ParquetFile(io.BytesIO(data)) as about:
        _check(about.metadata)
        schema = about.schema_arrow
    flat = [field.name for field in schema if not _is_nested(field.type) and not field.name.startswith(_INDEX)]
    left = [field.name for field in schema if _is_nested(field.type)]
    # Kept as dictionaries: a value that stands in every row must not be copied into every row.
    texts = [field.name for field in schema if field.name in flat and _is_text(field.type)]
    with pq.ParquetFile(io.BytesIO(data), read_dictionary=texts) as file:
        table = file.read(columns=flat, use_threads=False)
    cells = [_cells(table.column(index)) for index in range(table.num_columns)]
    # A value that is kept once may stand in every row, and will in the records.
    if sum(sum(map(len, column)) for column in cells) > MAX_EXPANDED:
        raise _too_far()
    return from_columns(table.column_names, cells), left


def _check(about: "pq.FileMetaData") -> None:
    if about.num_rows > MAX_RECORDS:
        raise BadFile("too_many_records", f"{about.num_rows} rows; a batch takes at most {MAX_RECORDS}")
    if about.num_columns > MAX_COLUMNS:
        raise BadFile("too_many_columns", f"{about.num_columns} columns; a file may have {MAX_COLUMNS}")
    size = sum(about.row_group(index).total_byte_size for index in range(about.num_row_groups))
    if size > MAX_EXPANDED:
        raise _too_far()


def _too_far() -> BadFile:
    return BadFile("expands_too_far", f"unpacked, a file may have {MAX_EXPANDED >> 20} MiB")


def _is_nested(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(kind) or pa.types.is_union(kind))


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind))


def _cells(column: "pa.ChunkedArray") -> Sequence[str]:
    import pyarrow as pa

    cells: list[str] = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            values = [as_text(value) for value in chunk.dictionary.to_pylist()]
            cells += ["" if index is None else values[index] for index in chunk.indices.to_pylist()]
        else:
            cells += map(as_text, _in_microseconds(chunk).to_pylist())
    return cells


def _in_microseconds(chunk: "pa.Array") -> "pa.Array":
    """Moments as Python has them: Arrow turns nanoseconds into pandas objects, and imports pandas for that."""
    import pyarrow as pa

    kind = chunk.type
    if pa.types.is_timestamp(kind):
        return chunk.cast(pa.timestamp("us", kind.tz), safe=False)
    return chunk.cast(pa.duration("us"), safe=False) if pa.types.is_duration(kind) else chunk
