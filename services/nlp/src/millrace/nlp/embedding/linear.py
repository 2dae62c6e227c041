"""What a linear layer of the encoder is, and how it is computed in 32-bit floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.embedding.graph_writer import GraphWriter


class SiteKind(StrEnum):
    """The four activations of a BERT layer that are multiplied with weights."""

    ATTENTION = "attention"
    """The layer's input, which becomes queries, keys and values."""
    CONTEXT = "context"
    """The values that attention has mixed."""
    FEED_FORWARD = "feed_forward"
    """The normalised sum after attention."""
    ACTIVATED = "activated"
    """The wide inner vector after GELU."""


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """One activation of one layer; layers count from 0."""

    layer: int
    kind: SiteKind


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """x → x · weight + bias, with weight [inputs, outputs] and bias [outputs]; no other has its name."""

    name: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


class Linear(Protocol):
    """How activations are multiplied with weights."""

    def project(self, graph: GraphWriter, site: Site, source: str, layers: Sequence[Projection]) -> list[str]:
        """Names of the results, one per projection of the tensor `source`."""


class FloatLinear:
    """Products in 32-bit floats: the reference, and the way for machines without exact 8-bit products."""

    def project(self, graph: GraphWriter, site: Site, source: str, layers: Sequence[Projection]) -> list[str]:
        """One product and one sum per projection."""
        return [self._one(graph, source, each) for each in layers]

    def _one(self, graph: GraphWriter, source: str, layer: Projection) -> str:
        product = graph.node("MatMul", source, graph.constant(f"{layer.name}.weight", layer.weight))
        return graph.node("Add", product, graph.constant(f"{layer.name}.bias", layer.bias))
