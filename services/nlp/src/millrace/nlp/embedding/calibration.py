"""Measures the ranges of activations that `quantised` needs, and prints them as its JSON file.

Run `python -m millrace.nlp.embedding.calibration > activation_ranges.json` after the model or the graph
changed; it takes some seconds. The sentences in `calibration.txt` were written for this purpose: cosines are
measured on others.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from millrace.nlp.embedding.graph import EncoderShape, Weights, build_graph
from millrace.nlp.embedding.graph_writer import GraphWriter
from millrace.nlp.embedding.linear import FloatLinear, Projection, Site, SiteKind
from millrace.nlp.embedding.model_files import packaged_model_dir, verified
from millrace.nlp.embedding.quantised import ActivationRange
from millrace.nlp.embedding.runtime import Runner
from millrace.nlp.embedding.source import encoder_shape, load_weights
from millrace.nlp.embedding.tokens import Tokens

Floats = NDArray[np.float32]
Ranges = dict[Site, ActivationRange]

SHARE_OF_ACTIVATIONS = 0.7
"""SmoothQuant's alpha. Of 0.5 to 0.8, the least cosine over 3,200 texts was highest for 0.65 to 0.75."""

EXACT_CHANNELS = 2
"""The widest channels after GELU. With one, half the texts are a third farther from cosine 1; a third gains
nothing."""

SMALLEST = np.float32(1e-3)
"""A channel that was hardly used is treated as if it had reached this value."""

SIGNIFICANT_DIGITS = 4

CHECK_TEXT = "The parcel came two days late, but the support team was kind and sent a new one."


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """The smallest and the largest value of every channel of a site."""

    low: Floats
    high: Floats

    def joined(self, other: "Extremes") -> "Extremes":
        """The extremes of both."""
        return Extremes(np.minimum(self.low, other.low), np.maximum(self.high, other.high))


class _Recorder(FloatLinear):
    """Computes in 32-bit floats and remembers what was multiplied with what."""

    def __init__(self) -> None:
        self.sources: dict[Site, str] = {}
        self.widest_weights: dict[Site, Floats] = {}

    def project(self, graph: GraphWriter, site: Site, source: str, layers: Sequence[Projection]) -> list[str]:
        self.sources[site] = source
        self.widest_weights[site] = np.max([np.abs(each.weight).max(axis=1) for each in layers], axis=0)
        return super().project(graph, site, source, layers)


def measure(shape: EncoderShape, weights: Weights, ids: Iterable[Sequence[int]]) -> Ranges:
    """The ranges of all sites over texts that are given as token ids."""
    recorder = _Recorder()
    model = build_graph(shape, weights, recorder)
    names = list(recorder.sources.values())
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    runner = Runner(model.SerializeToString())
    seen: dict[Site, Extremes] = {}
    for each in ids:
        row = np.array([each], dtype=np.int32)
        values = runner.run(names, ids=row, mask=np.ones_like(row))
        for site, value in zip(recorder.sources, values, strict=True):
            rows = value.reshape(-1, value.shape[-1])
            found = Extremes(rows.min(axis=0), rows.max(axis=0))
            seen[site] = seen[site].joined(found) if site in seen else found
    return {site: _range(site, found, recorder.widest_weights[site]) for site, found in seen.items()}


def _range(site: Site, found: Extremes, widest_weights: Floats) -> ActivationRange:
    low, high, divisor, exact = found.low, found.high, None, np.array([], dtype=np.intp)
    if site.kind in (SiteKind.ATTENTION, SiteKind.FEED_FORWARD):
        divisor = _divisor(np.maximum(np.maximum(high, -low), SMALLEST), widest_weights)
        low, high = low / divisor, high / divisor
    if site.kind is SiteKind.ACTIVATED:
        exact = np.sort(np.argsort(high)[-EXACT_CHANNELS:])
    kept = np.delete(np.stack([low, high]), exact, axis=1)
    return ActivationRange(
        low=_short(min(float(kept[0].min()), 0.0)),
        high=_short(float(kept[1].max())),
        divisor=divisor,
        exact_channels=tuple(int(channel) for channel in exact),
    )


def _divisor(widest: Floats, widest_weights: Floats) -> Floats:
    """SmoothQuant's factors, scaled to a geometric mean of 1."""
    raw = widest**SHARE_OF_ACTIVATIONS / np.maximum(widest_weights, SMALLEST) ** (1 - SHARE_OF_ACTIVATIONS)
    scaled = raw / np.exp(np.log(raw).mean())
    return np.array([_short(float(each)) for each in scaled], dtype=np.float32)


def _short(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def calibration_texts() -> list[str]:
    """The sentences that are stored with the package."""
    folder = resources.files("millrace.nlp.embedding")
    return folder.joinpath("calibration.txt").read_text(encoding="utf-8").splitlines()


def main() -> None:
    """Measure the installed model and print the file."""
    files = verified(packaged_model_dir())
    shape, weights, tokens = encoder_shape(files), load_weights(files), Tokens.load(files.folder)
    ranges = measure(shape, weights, tokens.ids(calibration_texts()))
    row = np.array(tokens.ids([CHECK_TEXT]), dtype=np.int32)
    runner = Runner(build_graph(shape, weights).SerializeToString())
    (vectors,) = runner.run(["vectors"], ids=row, mask=np.ones_like(row))
    check = {"text": CHECK_TEXT, "vector": [round(float(each), 5) for each in vectors[0]]}
    sites = [_entry(site, ranges[site]) for site in sorted(ranges)]
    lines = ",\n".join(json.dumps(each) for each in sites)
    sys.stdout.write(f'{{"weights_sha256": "{files.weights_sha256}",\n"check": {json.dumps(check)},\n')
    sys.stdout.write(f'"sites": [\n{lines}\n]}}\n')


def _entry(site: Site, found: ActivationRange) -> dict[str, object]:
    divisor = None if found.divisor is None else [_short(float(each)) for each in found.divisor]
    return {
        "layer": site.layer, "kind": site.kind, "low": found.low, "high": found.high,
        "exact_channels": found.exact_channels, "divisor": divisor,
    }  # fmt: skip


if __name__ == "__main__":
    main()
