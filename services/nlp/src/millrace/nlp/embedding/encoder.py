"""Texts to sentence vectors."""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.embedding.batches import Batch, batches
from millrace.nlp.embedding.errors import BackendUnfit
from millrace.nlp.embedding.graph import build_graph
from millrace.nlp.embedding.linear import FloatLinear
from millrace.nlp.embedding.model_files import packaged_model_dir, verified
from millrace.nlp.embedding.precision import Precision, precision_here
from millrace.nlp.embedding.quantised import RANGES_FILE, QuantisedLinear, recorded_ranges
from millrace.nlp.embedding.runtime import Runner
from millrace.nlp.embedding.source import encoder_shape, load_weights
from millrace.nlp.embedding.tokens import Tokens

Floats = NDArray[np.float32]

REVISION = 1
"""To be raised whenever graph, ranges or truncation change what a text's vector is."""

WINDOW = 512
"""Texts that are split into tokens and sorted by length at a time: enough for batches with little padding,
few enough to ask `keep_going` again after a tenth of a second."""

LEAST_COSINE = {Precision.INT8: 0.99, Precision.FLOAT32: 0.9999}
"""What the check text must reach against its recorded vector."""


class Encoder:
    """MiniLM on one core.

    Loading makes only what a forked child can share: the tokenizer and the model's bytes. ONNX Runtime's
    session does not survive a fork, so it is made on first use. No two threads may use an encoder at a time.
    """

    def __init__(self, tokens: Tokens, model: bytes, dimension: int, version: str, least: float) -> None:
        self._tokens = tokens
        self._model = model
        self._runner: Runner | None = None
        self._least_cosine = least
        self.dimension = dimension
        self.version = version

    @classmethod
    def load(cls, model_dir: Path | None = None, precision: Precision | None = None) -> "Encoder":
        """Read, verify and prepare the model; about half a second.

        Args:
            model_dir: The model's folder; that of the installed package if not given.
            precision: How to compute; the fastest that this processor does exactly if not given.

        Raises:
            ModelMissing: There is no such folder, or a file is not in it.
            ModelTampered: A file is not the one that was pinned.
        """
        chosen = precision or precision_here()
        files = verified(model_dir or packaged_model_dir())
        shape = encoder_shape(files)
        linear = QuantisedLinear(recorded_ranges()) if chosen is Precision.INT8 else FloatLinear()
        model = build_graph(shape, load_weights(files), linear).SerializeToString()
        version = f"minilm-{files.weights_sha256[:12]}-ort-{chosen}-{REVISION}"
        return cls(Tokens.load(files.folder), model, shape.hidden, version, LEAST_COSINE[chosen])

    def warm_up(self) -> None:
        """Make the session, and compare the check text's vector with the recorded one; about 0.1 s.

        Raises:
            BackendUnfit: The cosine of both is below LEAST_COSINE.
        """
        text, expected = _check()
        vectors, _ = self.encode([text])
        cosine = float(vectors[0] @ expected)
        if not cosine >= self._least_cosine:
            raise BackendUnfit(f"{self.version}: the check text's vector has cosine {cosine:.4f}")

    def encode(
        self, texts: Sequence[str], keep_going: Callable[[], bool] | None = None
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Vectors of texts, in the order of the texts.

        A vector depends on its own text only, not on the others. Of a text only the first 2048 characters are
        read, and of these the first 128 tokens, with the two that mark the ends. An empty text has one too.

        Args:
            texts: What to encode.
            keep_going: Asked before every batch of at most 32 texts; after a no, the rest is left out.

        Returns:
            Vectors, float32 [texts, dimension], each of length 1 or, if left out, all 0; and which of them
            were encoded, bool [texts].
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        encoded = np.zeros(len(texts), dtype=np.bool_)
        for batch in self._batches(texts):
            if keep_going is not None and not keep_going():
                break
            vectors[batch.places] = self._run(batch)
            encoded[batch.places] = True
        return vectors, encoded

    def _batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        for start in range(0, len(texts), WINDOW):
            yield from batches(self._tokens.ids(texts[start : start + WINDOW]), start)

    def _run(self, batch: Batch) -> Floats:
        if self._runner is None:
            self._runner = Runner(self._model)
        (vectors,) = self._runner.run(["vectors"], ids=batch.ids, mask=batch.mask)
        return vectors


def _check() -> tuple[str, Floats]:
    stored = resources.files("millrace.nlp.embedding").joinpath(RANGES_FILE).read_text(encoding="utf-8")
    check = json.loads(stored)["check"]
    return check["text"], np.array(check["vector"], dtype=np.float32)
