"""The BERT sentence encoder as an ONNX graph, built in code from a configuration and weights.

The network is the encoder of Devlin et al., "BERT", 2018, with the mean over tokens and the scaling to length
1 of Reimers and Gurevych, "Sentence-BERT", 2019. Names of weights are those of `transformers.BertModel`.

Inside the graph tensors are [tokens, texts, hidden], not [texts, tokens, hidden]: so ONNX Runtime's
FusedMatMul reads the heads of queries, keys and values in place, and three transpositions per layer fall away
(4 % of time). ONNX Runtime's SkipLayerNormalization, BiasGelu and MultiHeadAttention are not used: the plain
operators took 0.3, 0.7 and 1.0 ms against 1.8, 1.3 and 1.9 ms, for 32 texts of 32 tokens.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from millrace.nlp.embedding.errors import ModelUnsupported
from millrace.nlp.embedding.graph_writer import CONTRIB, GraphWriter
from millrace.nlp.embedding.linear import FloatLinear, Linear, Projection, Site, SiteKind

MAX_TOKENS = 128
"""Longer texts are cut: the model was trained on at most 128 tokens, as its card says."""

MASKED = np.float32(-1e4)
"""Added to the score of a token that is padding; its weight e^-10000 is 0 in 32-bit floats."""

Weights = Mapping[str, NDArray[np.float32]]
"""Name in `transformers.BertModel` → values."""


class BertSettings(Protocol):
    """What is read of `transformers.BertConfig`."""

    model_type: str
    hidden_act: str
    hidden_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """The numbers that the graph depends on."""

    layers: int
    hidden: int
    heads: int
    epsilon: float

    @classmethod
    def of(cls, settings: BertSettings) -> "EncoderShape":
        """The shape that a configuration describes.

        Raises:
            ModelUnsupported: The configuration is not of a BERT encoder of this kind.
        """
        # Newer releases of transformers know absolute positions only, and have no such setting.
        positions = getattr(settings, "position_embedding_type", "absolute")
        kind = (settings.model_type, settings.hidden_act, positions)
        if kind != ("bert", "gelu", "absolute"):
            raise ModelUnsupported(f"no graph for {' with '.join(kind)} positions")
        return cls(
            layers=settings.num_hidden_layers,
            hidden=settings.hidden_size,
            heads=settings.num_attention_heads,
            epsilon=settings.layer_norm_eps,
        )


def build_graph(shape: EncoderShape, weights: Weights, linear: Linear | None = None) -> ModelProto:
    """The graph from token ids to sentence vectors.

    Args:
        shape: Numbers of layers, heads and so on.
        weights: All weights of the model, as 32-bit floats.
        linear: How linear layers are computed; in 32-bit floats if not given.

    Returns:
        A model with the inputs `ids` and `mask` (int32 [texts, tokens]; mask is 1 for tokens, 0 for padding)
        and the output `vectors` (float32 [texts, hidden], each of length 1). There may be MAX_TOKENS tokens.

    Raises:
        ModelUnsupported: A weight is missing.
    """
    try:
        return _Encoder(shape, weights, linear or FloatLinear()).model()
    except KeyError as error:
        raise ModelUnsupported(f"the model has no weight {error}") from error


class _Encoder:
    """Writes the graph from its first node to its last."""

    def __init__(self, shape: EncoderShape, weights: Weights, linear: Linear) -> None:
        self._shape = shape
        self._weights = weights
        self._linear = linear
        self._graph = GraphWriter()

    def model(self) -> ModelProto:
        mask = self._graph.node("Cast", "mask", to=TensorProto.FLOAT)
        masked = self._masked(mask)
        hidden = self._embedded()
        for layer in range(self._shape.layers):
            hidden = self._layer(layer, hidden, masked)
        self._graph.rename(self._pooled(hidden, mask), "vectors")
        described = helper.make_tensor_value_info
        inputs = [described(name, TensorProto.INT32, ["texts", "tokens"]) for name in ("ids", "mask")]
        outputs = [described("vectors", TensorProto.FLOAT, ["texts", self._shape.hidden])]
        return self._graph.model(inputs, outputs)

    def _masked(self, mask: str) -> str:
        """What is added to scores, [texts, 1, 1, tokens]: 0 for tokens, MASKED for padding."""
        graph = self._graph
        padding = graph.node("Sub", graph.scalar("one", np.float32(1)), mask)
        added = graph.node("Mul", padding, graph.scalar("masked", MASKED))
        return graph.node("Unsqueeze", added, graph.constant("heads_and_queries", np.array([1, 2])))

    def _embedded(self) -> str:
        """Normalised sums of word, position and type embeddings, [tokens, texts, hidden]; all types are 0."""
        graph = self._graph
        places = self._weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        types = self._weights["embeddings.token_type_embeddings.weight"]
        # Half precision halves the largest tensor of all; it moves no vector by more than 1e-6 in cosine.
        table = self._weights["embeddings.word_embeddings.weight"].astype(np.float16)
        ids = graph.node("Transpose", "ids", perm=[1, 0])
        rows = graph.node("Gather", graph.constant("words", table), ids)
        words = graph.node("Cast", rows, to=TensorProto.FLOAT)
        length = graph.node("Shape", "ids", start=1, end=2)
        first = graph.constant("first", np.array([0]))
        used = graph.node("Slice", graph.constant("places", places + types[0]), first, length)
        placed = graph.node("Unsqueeze", used, graph.constant("texts_axis", np.array([1])))
        return self._normalised(graph.node("Add", words, placed), "embeddings.LayerNorm")

    def _layer(self, layer: int, hidden: str, masked: str) -> str:
        prefix = f"encoder.layer.{layer}"
        context = self._attention(layer, hidden, masked)
        (mixed,) = self._projected(layer, SiteKind.CONTEXT, context, f"{prefix}.attention.output.dense")
        added = self._graph.node("Add", mixed, hidden)
        hidden = self._normalised(added, f"{prefix}.attention.output.LayerNorm")
        (inner,) = self._projected(layer, SiteKind.FEED_FORWARD, hidden, f"{prefix}.intermediate.dense")
        active = self._graph.node("Gelu", inner)
        (outer,) = self._projected(layer, SiteKind.ACTIVATED, active, f"{prefix}.output.dense")
        return self._normalised(self._graph.node("Add", outer, hidden), f"{prefix}.output.LayerNorm")

    def _attention(self, layer: int, hidden: str, masked: str) -> str:
        """Values mixed by scaled dot-product attention, [tokens, texts, hidden]."""
        graph, heads = self._graph, self._shape.heads
        names = [f"encoder.layer.{layer}.attention.self.{name}" for name in ("query", "key", "value")]
        # In a Reshape a 0 keeps the size of the input: [tokens, texts, heads, size of a head].
        split = graph.constant("split", np.array([0, 0, heads, self._shape.hidden // heads]))
        projected = self._projected(layer, SiteKind.ATTENTION, hidden, *names)
        queries, keys, values = (graph.node("Reshape", each, split) for each in projected)
        scores = graph.node(
            "FusedMatMul", queries, keys, domain=CONTRIB, transB=1, transBatchA=1, transBatchB=1,
            alpha=1 / math.sqrt(self._shape.hidden // heads),
        )  # fmt: skip
        shares = graph.node("Softmax", graph.node("Add", scores, masked), axis=-1)
        mixed = graph.node("FusedMatMul", shares, values, domain=CONTRIB, transBatchB=1)
        joined = graph.constant("joined", np.array([0, 0, self._shape.hidden]))
        return graph.node("Reshape", graph.node("Transpose", mixed, perm=[2, 0, 1, 3]), joined)

    def _pooled(self, hidden: str, mask: str) -> str:
        """The mean over tokens, scaled to length 1. The sum will do: scaling undoes the division."""
        graph = self._graph
        by_token = graph.node("Transpose", mask, perm=[1, 0])
        weights = graph.node("Unsqueeze", by_token, graph.constant("hidden_axis", np.array([2])))
        kept = graph.node("Mul", hidden, weights)
        total = graph.node("ReduceSum", kept, graph.constant("tokens_axis", np.array([0])), keepdims=0)
        return graph.node("LpNormalization", total, axis=-1, p=2)

    def _projected(self, layer: int, kind: SiteKind, source: str, *names: str) -> list[str]:
        stored = self._weights
        layers = [Projection(name, stored[f"{name}.weight"].T, stored[f"{name}.bias"]) for name in names]
        return self._linear.project(self._graph, Site(layer, kind), source, layers)

    def _normalised(self, source: str, name: str) -> str:
        graph, epsilon = self._graph, self._shape.epsilon
        names = (f"{name}.weight", f"{name}.bias")
        scale, shift = (graph.constant(each, self._weights[each]) for each in names)
        return graph.node("LayerNormalization", source, scale, shift, axis=-1, epsilon=epsilon)
