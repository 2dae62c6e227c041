"""The graph of a tiny random BERT against the same network written down in NumPy."""

import math

import numpy as np
import pytest
from transformers import BertConfig

from millrace.nlp.embedding.errors import ModelUnsupported
from millrace.nlp.embedding.graph import EncoderShape, build_graph
from millrace.nlp.embedding.runtime import Runner

HIDDEN, INNER, HEADS, LAYERS, WORDS, PLACES = 8, 16, 2, 2, 20, 12
DENSE = {
    "attention.self.query": (HIDDEN, HIDDEN),
    "attention.self.key": (HIDDEN, HIDDEN),
    "attention.self.value": (HIDDEN, HIDDEN),
    "attention.output.dense": (HIDDEN, HIDDEN),
    "intermediate.dense": (INNER, HIDDEN),
    "output.dense": (HIDDEN, INNER),
}
IDS = np.array([[3, 7, 1, 9, 4], [3, 5, 4, 0, 0]], dtype=np.int32)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], dtype=np.int32)


@pytest.fixture
def config():
    return BertConfig(
        vocab_size=WORDS, hidden_size=HIDDEN, intermediate_size=INNER, num_attention_heads=HEADS,
        num_hidden_layers=LAYERS, max_position_embeddings=PLACES,
    )  # fmt: skip


@pytest.fixture
def weights():
    shapes = {f"embeddings.{name}_embeddings.weight": (size, HIDDEN)
              for name, size in (("word", WORDS), ("position", PLACES), ("token_type", 2))}  # fmt: skip
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        norms += [f"{prefix}.attention.output.LayerNorm", f"{prefix}.output.LayerNorm"]
        for name, shape in DENSE.items():
            shapes |= {f"{prefix}.{name}.weight": shape, f"{prefix}.{name}.bias": shape[:1]}
    shapes |= {f"{name}.{part}": (HIDDEN,) for name in norms for part in ("weight", "bias")}
    random = np.random.default_rng(5)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def _run(config, weights, ids=IDS, mask=MASK):
    model = build_graph(EncoderShape.of(config), weights)
    (vectors,) = Runner(model.SerializeToString()).run(["vectors"], ids=ids, mask=mask)
    return vectors


def test_the_graph_computes_what_numpy_computes(config, weights):
    # given
    expected = [_forward(weights, ids[mask == 1]) for ids, mask in zip(IDS, MASK, strict=True)]
    # when
    vectors = _run(config, weights)
    # then: word embeddings are stored in half precision
    assert np.allclose(vectors, expected, atol=2e-3)


def test_padding_changes_nothing(config, weights):
    # when
    padded, alone = _run(config, weights), _run(config, weights, IDS[1:, :3], MASK[1:, :3])
    # then
    assert np.allclose(padded[1], alone[0], atol=1e-6)


def test_a_missing_weight_is_named(config, weights):
    # given
    del weights["encoder.layer.1.output.dense.bias"]
    # when, then
    with pytest.raises(ModelUnsupported, match=r"layer\.1\.output\.dense\.bias"):
        _run(config, weights)


def test_another_activation_is_refused(config):
    # given
    config.hidden_act = "relu"
    # when, then
    with pytest.raises(ModelUnsupported, match="relu"):
        EncoderShape.of(config)


def _forward(weights, ids):
    """The vector of one text without padding, by the definition of BERT."""
    names = [f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type")]
    words, places, types = (weights[name] for name in names)
    summed = words[ids] + places[: len(ids)] + types[0]
    hidden = _norm(weights, "embeddings", summed)
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        mixed = _dense(weights, f"{prefix}.attention.output.dense", _attention(weights, prefix, hidden))
        hidden = _norm(weights, f"{prefix}.attention.output", mixed + hidden)
        inner = _gelu(_dense(weights, f"{prefix}.intermediate.dense", hidden))
        hidden = _norm(weights, f"{prefix}.output", _dense(weights, f"{prefix}.output.dense", inner) + hidden)
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _attention(weights, prefix, hidden):
    names = [f"{prefix}.attention.self.{name}" for name in ("query", "key", "value")]
    heads = [_dense(weights, name, hidden).reshape(len(hidden), HEADS, -1) for name in names]
    scores = np.einsum("qhd,khd->hqk", heads[0], heads[1]) / math.sqrt(HIDDEN / HEADS)
    shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", shares, heads[2]).reshape(len(hidden), HIDDEN)


def _dense(weights, name, values):
    return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(weights, name, values):
    spread = np.sqrt(values.var(axis=-1, keepdims=True) + 1e-12)
    scaled = (values - values.mean(axis=-1, keepdims=True)) / spread
    return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]


def _gelu(values):
    return values * 0.5 * (1 + np.vectorize(math.erf)(values / math.sqrt(2)))
