"""8-bit products: how weights are rounded, and how near a product stays to that of floats."""

import json
from importlib import resources

import numpy as np
import pytest
from onnx import TensorProto, helper

from millrace.nlp.embedding.calibration import calibration_texts, measure
from millrace.nlp.embedding.errors import ModelUnsupported
from millrace.nlp.embedding.graph_writer import GraphWriter
from millrace.nlp.embedding.linear import Projection, Site, SiteKind
from millrace.nlp.embedding.model_files import PINNED, WEIGHTS
from millrace.nlp.embedding.quantised import ActivationRange, QuantisedLinear, recorded_ranges, rounded
from millrace.nlp.embedding.runtime import Runner
from millrace.nlp.embedding.source import encoder_shape, load_weights
from millrace.nlp.embedding.tokens import Tokens

SITE = Site(0, SiteKind.ACTIVATED)


def _product(values, layer, known):
    graph = GraphWriter()
    (result,) = QuantisedLinear({SITE: known}).project(graph, SITE, "x", [layer])
    graph.rename(result, "y")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", None]) for name in ("x", "y"))
    return Runner(graph.model([x], [y]).SerializeToString()).run(["y"], x=values)[0]


@pytest.fixture
def layer():
    random = np.random.default_rng(3)
    return Projection("layer", random.normal(size=(64, 32)).astype(np.float32), np.ones(32, dtype=np.float32))


@pytest.fixture
def values():
    """Rows with one channel that is a hundred times larger than the others."""
    values = np.random.default_rng(4).uniform(-1, 1, size=(50, 64)).astype(np.float32)
    values[:, 5] *= 100
    return values


def test_weights_are_rounded_to_less_than_half_a_step(layer):
    # when
    integers, steps = rounded(layer.weight)
    # then
    assert np.abs(integers).max() == 127
    assert (np.abs(integers * steps - layer.weight) <= steps * 0.501).all()


def test_an_output_without_weights_stays_zero():
    # when
    integers, steps = rounded(np.zeros((4, 2), dtype=np.float32))
    # then
    assert not integers.any()
    assert (steps > 0).all()


@pytest.mark.parametrize(
    "known",
    [
        ActivationRange(-1, 1, exact_channels=(5,)),
        ActivationRange(-10, 10, divisor=np.where(np.arange(64) == 5, 10, 1).astype(np.float32)),
    ],
    ids=["exact channel", "divisor"],
)
def test_a_large_channel_does_not_cost_the_others_their_precision(values, layer, known):
    # given
    expected = values @ layer.weight + layer.bias
    plain = np.abs(_product(values, layer, ActivationRange(-100, 100)) - expected).mean()
    # when
    error = np.abs(_product(values, layer, known) - expected).mean()
    # then
    assert error < plain / 2


def test_a_site_without_a_range_is_named(layer):
    # when, then
    with pytest.raises(ModelUnsupported, match="activated of layer 0"):
        QuantisedLinear({}).project(GraphWriter(), SITE, "x", [layer])


def test_the_recorded_ranges_are_those_of_the_model(model_files):
    # given
    shape, weights = encoder_shape(model_files), load_weights(model_files)
    ids = Tokens.load(model_files.folder).ids(calibration_texts())
    # when
    measured = measure(shape, weights, ids)
    # then
    recorded = recorded_ranges()
    assert measured.keys() == recorded.keys()
    for site, each in measured.items():
        assert each.exact_channels == recorded[site].exact_channels
        assert (each.low, each.high) == pytest.approx((recorded[site].low, recorded[site].high), rel=2e-3)
        if each.divisor is not None:
            assert each.divisor == pytest.approx(recorded[site].divisor, rel=2e-3)


def test_the_recorded_ranges_name_the_pinned_weights():
    # given
    file = resources.files("millrace.nlp.embedding").joinpath("activation_ranges.json")
    # then
    assert json.loads(file.read_text())["weights_sha256"] == PINNED[WEIGHTS]
