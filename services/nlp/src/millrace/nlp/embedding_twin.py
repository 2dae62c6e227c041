"""An embedder without a model, for tests: texts that share words get vectors that are near."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.cues import words


class WordHashes:
    """Every word is a random direction that depends on the word only (the hashing trick, Weinberger et al. 2009)."""

    dimension = 384
    version = "word-hashes-1"

    def warm_up(self) -> None:
        """Nothing is to be loaded."""

    def encode(
        self, texts: Sequence[str], keep_going: Callable[[], bool] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """A vector of length 1 per text, and which texts were encoded before `keep_going` said no."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        encoded = np.zeros(len(texts), dtype=np.bool_)
        for place, text in enumerate(texts):
            if keep_going is not None and not keep_going():
                break
            vectors[place], encoded[place] = self._vector(text), True
        return vectors, encoded

    def _vector(self, text: str) -> NDArray[np.float64]:
        total = np.sum([_direction(word.text, self.dimension) for word in words(text)] or [np.ones(self.dimension)], 0)
        return np.asarray(total / np.linalg.norm(total))


def _direction(word: str, dimension: int) -> NDArray[np.float64]:
    digest = hashlib.shake_256(word.encode()).digest(dimension // 8)
    return np.unpackbits(np.frombuffer(digest, dtype=np.uint8)).astype(np.float64) * 2 - 1
