"""Vectors from words alone, for when there are none from the model."""

import math
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.vocabulary import content_words, stem

DIMENSION = 512


def lexical_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """TF-IDF (Salton and Buckley 1988) hashed into `DIMENSION` places; length 1, or 0 where a text has no content."""
    documents = [Counter(stem(word) for word in content_words(text)) for text in texts]
    found_in = Counter(word for document in documents for word in document)
    vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, document in zip(vectors, documents, strict=True):
        for word, count in document.items():
            rarity = math.log((1 + len(texts)) / (1 + found_in[word])) + 1
            row[zlib.crc32(word.encode()) % DIMENSION] += count * rarity
    return normalised(vectors)


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
