"""Datasets in and out of a part, as Arrow tables. For services that have pyarrow."""

import pyarrow as pa

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.tables import Table
from millrace.storage import tables
from millrace.worker.errors import BadInput
from millrace.worker.part import Part


def read_table(part: Part, ref: ArtifactRef, schema: Table) -> pa.Table:
    """The dataset as an Arrow table with exactly the schema's columns; BadInput when columns are missing."""
    try:
        return tables.decode(part.read(ref), schema)
    except tables.SchemaMismatch as error:
        raise BadInput(str(error)) from error


def write_table(part: Part, name: str, table: pa.Table, schema: Table) -> ArtifactRef:
    """Store a dataset as Parquet after checking it against the schema."""
    return part.write(name, tables.encode(table, schema), rows=table.num_rows)
