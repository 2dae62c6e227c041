"""Records and datasets in and out of a part. For services that have pyarrow."""

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pydantic import ValidationError

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.records import Record
from millrace.contracts.tables import Table
from millrace.storage import tables
from millrace.worker.errors import BadInput
from millrace.worker.part import Part

RECORD_COLUMN = "record_id"
"""The column by which a row names its record."""


def read_records(part: Part, batch: ArtifactRef) -> list[Record]:
    """The raw batch's records, one per line; BadInput names the line that is none."""
    lines = enumerate(part.read(batch).splitlines(), start=1)
    return [_record(number, line) for number, line in lines if line.strip()]


def _record(number: int, line: bytes) -> Record:
    try:
        return Record.model_validate_json(line)
    except ValidationError:
        # Without its cause: the cause quotes the record.
        raise BadInput(f"line {number} of the batch is not a record") from None


def read_table(part: Part, ref: ArtifactRef, schema: Table) -> pa.Table:
    """The dataset as an Arrow table with exactly the schema's columns; BadInput when columns are missing.

    Of the input that the step is mapped over, only the part's own rows.
    """
    try:
        table = tables.decode(part.read(ref), schema)
        rows = part.rows_of(ref)
        return table if rows is None else table.slice(rows.start, rows.rows)
    except tables.SchemaMismatch as error:
        raise BadInput(str(error)) from error


def read_record_ids(part: Part, ref: ArtifactRef) -> tuple[str, ...]:
    """The ids of the records in the part's own rows, each once; empty when the dataset has none."""
    ids = tables.read_column(part.read(ref), RECORD_COLUMN)
    rows = part.rows_of(ref)
    return tuple(dict.fromkeys(ids if rows is None else ids[rows.start : rows.stop]))


def write_table(part: Part, name: str, table: pa.Table, schema: Table) -> ArtifactRef:
    """Store a dataset as Parquet after checking it against the schema."""
    return part.write(name, tables.encode(table, schema), rows=table.num_rows)


def table_of(rows: Sequence[tuple[Any, ...]], schema: Table) -> pa.Table:
    """Rows, whose fields are in the order of the schema's columns, as a table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema.columns)
    return table_from(dict(zip(schema.columns, columns, strict=True)), schema)


def table_from(columns: Mapping[str, Sequence[Any]], schema: Table) -> pa.Table:
    """Columns by name as a table."""
    return pa.table(dict(columns), schema=tables.arrow_schema(schema))


def warm_up() -> None:
    """Make Arrow's first conversion now: it looks for pandas, which takes a second where that is installed."""
    pa.array([""])


def forgo_pandas() -> None:
    """Hide pandas from Arrow in a service that does without it: its image has none, an environment of all services has.

    Saves 1.4 s of CPU and 40 MiB a process. For composition roots only: it holds for the whole process.
    """
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas(MetaPathFinder):
    """Says that there is no pandas. `sys.modules["pandas"] = None` would do, but compiled modules, as Arrow has them,
    take that None for the module.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Raises ModuleNotFoundError for pandas; knows nothing of other modules."""
        if fullname == "pandas":
            # In Python's own words: pandera tells a missing pandas from a broken one by them.
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
