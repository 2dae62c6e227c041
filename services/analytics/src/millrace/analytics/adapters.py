"""Artifacts and data files to what the domain takes: tables as frames, cleaned of what no finding may rest on."""

import tomllib
from importlib.resources import files
from typing import TypeVar

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from millrace.analytics.domain.cost import Prices
from millrace.contracts import tables
from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import Message
from millrace.contracts.records import Scale
from millrace.contracts.tables import Table
from millrace.storage.tables import arrow_schema
from millrace.worker.errors import BadInput
from millrace.worker.part import Part
from millrace.worker.tables import read_table

Model = TypeVar("Model", bound=Message)


def read_frame(part: Part, ref: ArtifactRef, schema: Table) -> pd.DataFrame:
    """A dataset as a data frame with the schema's columns."""
    return _frame(read_table(part, ref, schema))


def read_maybe_frame(part: Part, ref: ArtifactRef | None, schema: Table) -> pd.DataFrame | None:
    """A dataset that an optional step may not have delivered."""
    return None if ref is None else read_frame(part, ref, schema)


def read_ratings(part: Part, ref: ArtifactRef) -> pd.DataFrame:
    """Ratings with a value, one per record, by record id; BadInput when a scale is unknown."""
    ratings = read_frame(part, ref, tables.RATINGS).dropna(subset=["raw"])
    unknown = set(ratings["kind"]) - {scale.value for scale in Scale}
    if unknown:
        raise BadInput(f"{ref.schema_name} has {len(unknown)} unknown rating scales")
    return ratings.sort_values(["record_id", "kind"]).drop_duplicates("record_id").reset_index(drop=True)


def read_annotations(part: Part, refs: tuple[ArtifactRef, ...]) -> pd.DataFrame:
    """The annotations of all chunks, by unit id, so that the cut into chunks leaves no trace."""
    chunks = [read_table(part, ref, tables.ANNOTATIONS) for ref in refs]
    joined = pa.concat_tables(chunks) if chunks else arrow_schema(tables.ANNOTATIONS).empty_table()
    return _frame(joined).sort_values("unit_id").drop_duplicates("unit_id").reset_index(drop=True)


def read_maybe(part: Part, ref: ArtifactRef | None, model: type[Model]) -> Model | None:
    """A JSON artifact that an optional step may not have delivered."""
    return None if ref is None else part.read_model(ref, model)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame


def load_prices() -> Prices:
    """The package's price list."""
    return Prices(**tomllib.loads(files("millrace.analytics").joinpath("data", "prices.toml").read_text("utf-8")))
