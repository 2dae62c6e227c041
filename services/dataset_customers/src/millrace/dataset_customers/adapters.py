"""Between the part's artifacts and the domain's rows."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pydantic import ValidationError

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.records import Record
from millrace.contracts.tables import Table
from millrace.storage.tables import arrow_schema
from millrace.worker.errors import BadInput
from millrace.worker.part import Part
from millrace.worker.tables import write_table


def read_records(part: Part, batch: ArtifactRef) -> list[Record]:
    """The batch's records, one per line; BadInput names the line that is none."""
    records = []
    for number, line in enumerate(part.read(batch).splitlines(), start=1):
        if line.strip():
            records.append(_record(number, line))
    return records


def _record(number: int, line: bytes) -> Record:
    try:
        return Record.model_validate_json(line)
    except ValidationError:
        # Without its cause: the cause quotes the record.
        raise BadInput(f"line {number} of the batch is not a record") from None


def write_rows(part: Part, name: str, rows: Sequence[tuple[Any, ...]], schema: Table) -> ArtifactRef:
    """Store rows, whose fields are in the order of the schema's columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema.columns)
    arrays = dict(zip(schema.columns, columns, strict=True))
    return write_table(part, name, pa.table(arrays, schema=arrow_schema(schema)), schema)


def warm_up() -> None:
    """Arrow looks for pandas at its first conversion, which takes a second where it is installed."""
    pa.array([""])
