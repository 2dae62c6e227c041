"""Linear layers in 8-bit integers with fixed ranges.

Weights are rounded to 8 bits per output (symmetric), activations to 8 bits per site (asymmetric). The ranges
of activations are constants, measured once by `calibration` and stored beside this module. With ranges taken
from each batch, as in ONNX Runtime's dynamic quantisation, a text's vector would depend on its neighbours.

Two measures keep the vectors close to those of 32-bit floats:
* Inputs of attention and of the feed-forward part are divided by one number per channel, and the weights are
  multiplied by it, so that one large channel does not cost the others their precision (Xiao et al.,
  "SmoothQuant", 2022).
* After GELU, one or two channels are several times larger for the token [CLS] than anything else. They are
  left out of the 8-bit product and added in 32-bit floats (Dettmers et al., "LLM.int8()", 2022).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.embedding.errors import ModelUnsupported
from millrace.nlp.embedding.graph_writer import CONTRIB, GraphWriter
from millrace.nlp.embedding.linear import Projection, Site, SiteKind

RANGES_FILE = "activation_ranges.json"
"""Measured on the sentences of `calibration.txt`; see `calibration`."""

WEIGHT_STEPS = 127
ACTIVATION_STEPS = 255


@dataclass(frozen=True, slots=True, eq=False)
class ActivationRange:
    """What is known of one site's activations.

    Attributes:
        low: The smallest value, after division; at most 0.
        high: The largest value, after division; above 0. Values outside are cut.
        divisor: One number per channel, or None if nothing is divided.
        exact_channels: Channels that are multiplied in 32-bit floats instead.
    """

    low: float
    high: float
    divisor: NDArray[np.float32] | None = None
    exact_channels: tuple[int, ...] = ()

    @property
    def step(self) -> np.float32:
        """The difference between two neighbouring integers."""
        return np.float32((self.high - self.low) / ACTIVATION_STEPS)

    @property
    def zero(self) -> np.uint8:
        """The integer that stands for 0."""
        return np.uint8(round(-self.low / float(self.step)))


def recorded_ranges() -> dict[Site, ActivationRange]:
    """The ranges that are stored with the package."""
    text = resources.files("millrace.nlp.embedding").joinpath(RANGES_FILE).read_text(encoding="utf-8")
    return {Site(each["layer"], SiteKind(each["kind"])): _read(each) for each in json.loads(text)["sites"]}


def _read(entry: Mapping[str, Any]) -> ActivationRange:
    divisor = entry["divisor"]
    return ActivationRange(
        low=entry["low"],
        high=entry["high"],
        divisor=None if divisor is None else np.array(divisor, dtype=np.float32),
        exact_channels=tuple(entry["exact_channels"]),
    )


def rounded(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights [inputs, outputs] as 8-bit integers, and the step [outputs] that 1 stands for."""
    # An output whose weights are all 0 would otherwise have a step of 0.
    largest = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny * WEIGHT_STEPS)
    steps = (largest / WEIGHT_STEPS).astype(np.float32)
    return np.rint(weight / steps).astype(np.int8), steps


class _Operand(NamedTuple):
    """Names of tensors: activations as 8-bit integers, and what their values are."""

    integers: str
    step: str
    zero: str


class QuantisedLinear:
    """Products of 8-bit integers, summed in 32 bits; results are 32-bit floats."""

    def __init__(self, ranges: Mapping[Site, ActivationRange]) -> None:
        self._ranges = ranges

    def project(self, graph: GraphWriter, site: Site, source: str, layers: Sequence[Projection]) -> list[str]:
        """One rounding of the tensor `source` for all projections, and one product per projection."""
        if site not in self._ranges:
            raise ModelUnsupported(f"no range was measured for the {site.kind} of layer {site.layer}")
        known, name = self._ranges[site], f"{site.layer}.{site.kind}"
        divided = source
        if known.divisor is not None:
            divided = graph.node("Mul", source, graph.constant(f"{name}.factor", 1 / known.divisor))
        step, zero = graph.scalar(f"{name}.step", known.step), graph.scalar(f"{name}.zero", known.zero)
        operand = _Operand(graph.node("QuantizeLinear", divided, step, zero), step, zero)
        results = [_product(graph, known, operand, each) for each in layers]
        if not known.exact_channels:
            return results
        exact = graph.constant(f"{name}.exact", np.array(known.exact_channels))
        channels = graph.node("Gather", source, exact, axis=-1)
        added = [_exact_product(graph, known, channels, each) for each in layers]
        return [graph.node("Add", *pair) for pair in zip(results, added, strict=True)]


def _product(graph: GraphWriter, known: ActivationRange, operand: _Operand, layer: Projection) -> str:
    divisor = np.float32(1) if known.divisor is None else known.divisor[:, None]
    weight = layer.weight * divisor
    weight[list(known.exact_channels)] = 0
    integers, steps = rounded(weight)
    return graph.node(
        "MatMulIntegerToFloat",
        operand.integers,
        graph.constant(f"{layer.name}.integers", integers),
        operand.step,
        graph.constant(f"{layer.name}.steps", steps),
        operand.zero,
        graph.constant(f"{layer.name}.zeros", np.zeros(len(steps), dtype=np.int8)),
        graph.constant(f"{layer.name}.bias", layer.bias),
        domain=CONTRIB,
    )


def _exact_product(graph: GraphWriter, known: ActivationRange, channels: str, layer: Projection) -> str:
    rows = layer.weight[list(known.exact_channels)]
    return graph.node("MatMul", channels, graph.constant(f"{layer.name}.exact", rows))
