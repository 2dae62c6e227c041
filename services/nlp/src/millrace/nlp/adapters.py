"""Between the part's artifacts, the package's data files and the model on one side, and the domain on the other."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any, Protocol

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from millrace.contracts import tables
from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.roles import AGENT
from millrace.nlp.cache.findings import Finding
from millrace.nlp.domain.annotate import Annotation, Rules
from millrace.nlp.domain.duplicates import Written
from millrace.nlp.domain.entities import Entity
from millrace.nlp.domain.flags import Flags
from millrace.nlp.domain.reasons import Reasons, parse_reasons
from millrace.nlp.domain.sentiment import Lexicon, Sentiment
from millrace.nlp.domain.sentiment_head import SentimentHead, parse_head
from millrace.nlp.domain.taxonomy import Taxonomy, parse_taxonomy
from millrace.nlp.domain.units import Source, Unit, english
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


def load_reasons() -> Reasons:
    """The package's contact reasons."""
    return parse_reasons(_data("reasons.toml"))


def load_head(encoder: str) -> SentimentHead | None:
    """The sentiment head, if it was trained on the vectors of this encoder version."""
    head = parse_head(json.loads(_text("sentiment_head.json")))
    return head if head.fits(encoder) else None


def load_rules() -> Rules:
    """Everything that is read off a text without a vector."""
    flags = Flags(_data("flags.toml"))
    return Rules(lexicon=load_lexicon(), taxonomy=load_taxonomy(), reasons=load_reasons(), flags=flags)


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(_text(name))


def _text(name: str) -> str:
    return files("millrace.nlp").joinpath("data", name).read_text(encoding="utf-8")


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
    heard = [english(lang) for lang in units.column("lang").to_pylist()]
    found = {
        "sentiment": [_score(each.sentiment, tone) for each, tone in zip(annotations, heard, strict=True)],
        "confidence": [each.sentiment.confidence for each in annotations],
        "tier": [each.tier for each in annotations],
        "themes": [list(each.themes) for each in annotations],
        "reason": [each.reason.id for each in annotations],
        "reason_confidence": [each.reason.confidence for each in annotations],
        "flags": [list(each.flags) for each in annotations],
        "entities": _spans(units, annotations),
        "has_vector": [unit_id in vectors for unit_id in units.column("unit_id").to_pylist()],
    }
    kept = {name: units.column(name) for name in tables.ANNOTATIONS.columns if name not in found}
    columns = {**kept, **found}
    schema = arrow_schema(tables.ANNOTATIONS)
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    write_table(part, "annotations", table, tables.ANNOTATIONS)


def _score(sentiment: Sentiment, heard: bool) -> float | None:
    """None where nobody could judge: a configured model may read what the lexicon does not, and says how sure it is."""
    return sentiment.score if heard or sentiment.confidence else None


def _spans(units: pa.Table, annotations: Sequence[Annotation]) -> list[list[dict[str, Any]]]:
    """The entities at their places in the turn's masked text."""
    starts = units.column("start").to_pylist()
    return [[_span(entity, start) for entity in each.entities] for each, start in zip(annotations, starts, strict=True)]


def _span(entity: Entity, offset: int) -> dict[str, Any]:
    return {**entity._asdict(), "start": entity.start + offset, "end": entity.end + offset}


def spread(
    units: pa.Table, known: Mapping[Source, Finding], embedded: Sequence[Source], vectors: NDArray[np.float32]
) -> UnitVectors:
    """The vectors by unit, remembered and new: the same text has the same vector."""
    if known:
        vectors = np.concatenate([np.stack([finding.vector for finding in known.values()]), vectors])
    places = {source.text_hash: place for place, source in enumerate([*known, *embedded])}
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
            told = {"themes": tuple(row["themes"]), "sentiment": row["sentiment"] or 0.0}
            units.setdefault(row["unit_id"], Unit(**{**row, **told}))
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


def read_written(part: Part, refs: Sequence[ArtifactRef]) -> list[Written]:
    """What customers wrote, by record: the texts of its units in their order. A unit that comes twice counts once."""
    names = ("unit_id", "record_id", "n", "text", "created_at", "role")
    units: dict[str, dict[str, Any]] = {}
    for ref in refs:
        for row in read_table(part, ref, tables.UNITS).select(names).to_pylist():
            if row["role"] != AGENT:
                units.setdefault(row["unit_id"], row)
    ordered = sorted(units.values(), key=lambda row: (row["record_id"], row["n"]))
    records = groupby(ordered, key=lambda row: str(row["record_id"]))
    return [_written(record_id, list(rows)) for record_id, rows in records]


def _written(record_id: str, rows: Sequence[dict[str, Any]]) -> Written:
    text = " ".join(row["text"] for row in rows)
    return Written(record_id=record_id, text=text, created_at=rows[0]["created_at"])
