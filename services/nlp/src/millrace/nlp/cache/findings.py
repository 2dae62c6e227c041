"""What was found out about a text, as bytes."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.annotate import Annotation
from millrace.nlp.domain.entities import Entity
from millrace.nlp.domain.reasons import Reason
from millrace.nlp.domain.sentiment import Sentiment
from millrace.nlp.domain.units import Source, english

_FLOAT16 = np.dtype("<f2")
_LENGTH = struct.Struct("<H")


@dataclass(frozen=True)
class Finding:
    """The annotation of a text and its vector; other texts take no part in either."""

    annotation: Annotation
    vector: NDArray[np.float32]
    """At the precision of 16 bits, as it is stored with the units too."""


def findings_of(
    read: Mapping[Source, Annotation], embedded: Sequence[Source], vectors: NDArray[np.float32]
) -> dict[Source, Finding]:
    """What is worth remembering: the annotations of texts that have a vector, which are all in English."""
    places = {source.text_hash: place for place, source in enumerate(embedded)}
    return {
        source: Finding(annotation, vectors[places[source.text_hash]])
        for source, annotation in read.items()
        if source.text_hash in places and english(source.lang)
    }


def encode(finding: Finding) -> bytes:
    """The vector with its length, then the annotation as JSON."""
    annotation, told = finding.annotation, finding.annotation.sentiment
    fields = [
        told.score, told.confidence, annotation.tier, annotation.themes, annotation.reason, annotation.flags,
        annotation.entities,
    ]  # fmt: skip
    row = finding.vector.astype(_FLOAT16)
    return _LENGTH.pack(len(row)) + row.tobytes() + json.dumps(fields, separators=(",", ":")).encode()


def decode(data: bytes) -> Finding:
    """What `encode` wrote."""
    (length,) = _LENGTH.unpack_from(data)
    end = _LENGTH.size + length * _FLOAT16.itemsize
    score, confidence, tier, themes, reason, flags, entities = json.loads(data[end:])
    annotation = Annotation(
        sentiment=Sentiment(score, confidence), themes=tuple(themes), tier=tier, reason=Reason(*reason),
        flags=tuple(flags), entities=tuple(Entity(*entity) for entity in entities),
    )  # fmt: skip
    vector = np.frombuffer(data, dtype=_FLOAT16, count=length, offset=_LENGTH.size).astype(np.float32)
    return Finding(annotation, vector)
