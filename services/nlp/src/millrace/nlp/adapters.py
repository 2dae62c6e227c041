"""Between the part's artifacts, the package's data files and the model on one side, and the domain on the other."""

import tomllib
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from millrace.contracts import tables
from millrace.contracts.artifacts import ArtifactRef
from millrace.nlp.domain.annotate import Annotation
from millrace.nlp.domain.sentiment import Lexicon
from millrace.nlp.domain.taxonomy import Taxonomy, parse_taxonomy
from millrace.nlp.domain.units import Source, Unit
from millrace.nlp.domain.vectors import UnitVectors, unit_vectors
from millrace.storage.tables import arrow_schema
from millrace.worker.errors import BadInput
from millrace.worker.part import Part
from millrace.worker.tables import read_table, write_table

_FLOAT16 = np.dtype("<f2")
_TURN = 128
"""Texts that are handed to the model at a time. It begins with the short ones; in small turns, what is embedded when
the time runs out is a sample of all lengths, but for the last turn."""


class Embedder(Protocol):
    """What the service needs of an embedding model."""

    @property
    def dimension(self) -> int:
        """Length of the vectors."""

    @property
    def version(self) -> str:
        """Names the model and everything that changes its vectors."""

    def warm_up(self) -> None:
        """Load what cannot be forked."""

    def encode(
        self, texts: Sequence[str], keep_going: Callable[[], bool] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """A vector of length 1 per text, and which texts were encoded before `keep_going` said no."""


def load_lexicon() -> Lexicon:
    """The sentiment lexicon with the package's rules."""
    return Lexicon(_data("sentiment.toml"))


def load_taxonomy() -> Taxonomy:
    """The package's taxonomy."""
    return parse_taxonomy(_data("taxonomy.toml"))


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(files("millrace.nlp").joinpath("data", name).read_text(encoding="utf-8"))


def embed(
    embedder: Embedder, sources: Sequence[Source], keep_going: Callable[[], bool]
) -> tuple[list[Source], NDArray[np.float32]]:
    """The sources that there was time for, and their vectors in the same order."""
    done: list[Source] = []
    found = [np.zeros((0, embedder.dimension), dtype=np.float32)]
    for start in range(0, len(sources), _TURN):
        if not keep_going():
            break
        turn = sources[start : start + _TURN]
        vectors, encoded = embedder.encode([source.text for source in turn], keep_going=keep_going)
        done += [source for source, seen in zip(turn, encoded.tolist(), strict=True) if seen]
        found.append(vectors[encoded])
    return done, np.concatenate(found)


def read_units(part: Part, ref: ArtifactRef) -> pa.Table:
    """One chunk of units as it is."""
    return read_table(part, ref, tables.UNITS)


def sources(units: pa.Table) -> list[Source]:
    """The units as the annotation needs them."""
    columns = (units.column(name).to_pylist() for name in ("text", "text_hash", "lang"))
    return [Source(*row) for row in zip(*columns, strict=True)]


def write_annotations(part: Part, units: pa.Table, annotations: Sequence[Annotation], vectors: UnitVectors) -> None:
    """Store the units with what was found; `annotations` in their order."""
    found = {
        "sentiment": [each.sentiment.score for each in annotations],
        "confidence": [each.sentiment.confidence for each in annotations],
        "tier": [each.tier for each in annotations],
        "themes": [list(each.themes) for each in annotations],
        "has_vector": [unit_id in vectors for unit_id in units.column("unit_id").to_pylist()],
    }
    kept = {name: units.column(name) for name in tables.ANNOTATIONS.columns if name not in found}
    table = pa.table({**kept, **found}).select(list(tables.ANNOTATIONS.columns))
    write_table(part, "annotations", table, tables.ANNOTATIONS)


def spread(units: pa.Table, embedded: Sequence[Source], vectors: NDArray[np.float32]) -> UnitVectors:
    """The vectors by unit: the same text has the same vector. At the precision that they are stored with."""
    places = {source.text_hash: place for place, source in enumerate(embedded)}
    columns = (units.column(name).to_pylist() for name in ("unit_id", "text_hash"))
    pairs = [(unit, places[text]) for unit, text in zip(*columns, strict=True) if text in places]
    rows = vectors[[place for _, place in pairs]]
    return unit_vectors([unit for unit, _ in pairs], rows)


def write_vectors(part: Part, vectors: UnitVectors) -> None:
    """Store the vectors as 16-bit floats."""
    data = [row.tobytes() for row in vectors.rows.astype(_FLOAT16)]
    table = pa.table({"unit_id": list(vectors.places), "vector": data}, schema=arrow_schema(tables.VECTORS))
    write_table(part, "vectors", table, tables.VECTORS)


def read_annotations(part: Part, refs: Sequence[ArtifactRef]) -> list[Unit]:
    """The annotated units of all chunks; a unit that comes twice counts once."""
    names = ("unit_id", "record_id", "text", "text_hash", "lang", "role", "dup_of", "sentiment", "themes")
    units: dict[str, Unit] = {}
    for ref in refs:
        for row in read_table(part, ref, tables.ANNOTATIONS).select(names).to_pylist():
            units.setdefault(row["unit_id"], Unit(**{**row, "themes": tuple(row["themes"])}))
    return list(units.values())


def read_vectors(part: Part, refs: Sequence[ArtifactRef], dimension: int) -> UnitVectors:
    """The vectors of all chunks at length 1; BadInput when one is not of the model's dimension."""
    cells: dict[str, bytes] = {}
    for ref in refs:
        table = read_table(part, ref, tables.VECTORS)
        cells.update(zip(*(table.column(name).to_pylist() for name in ("unit_id", "vector")), strict=True))
    if any(len(cell) != dimension * _FLOAT16.itemsize for cell in cells.values()):
        raise BadInput(f"vectors are not {dimension} floats of 16 bits")
    rows = np.frombuffer(b"".join(cells.values()), dtype=_FLOAT16).reshape(-1, dimension).astype(np.float32)
    return unit_vectors(list(cells), rows)
