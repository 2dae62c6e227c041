"""Words and pairs of words that a batch's sentences use, each with the sentences that do."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer  # type: ignore[import-untyped]

from millrace.analytics.domain.series import Ints

EVERYWHERE = 0.2
"""A word in a larger share of the sentences than this carries no subject, in whatever language."""
SWALLOWED = 0.8
"""A word is no more than part of a pair when at least this share of its sentences has the pair."""

_PSEUDONYM = re.compile(r"\[[A-Z]+_\d+\]")
"""What masking leaves in the place of something personal."""
_WORD = r"(?u)\b[^\W\d_](?:[^\W\d_]|['\u2019](?=\w))+\b"
_FURTHER = "did does doing don didn doesn just really got get im ive dont ll ve re isn wasn won can't don't didn't"
_STOP_WORDS = frozenset(ENGLISH_STOP_WORDS) | frozenset(_FURTHER.split())


def main_language(units: pd.DataFrame) -> str:
    """The language of most sentences; empty when none is known."""
    if "lang" not in units:
        return ""
    counts = units["lang"].fillna("").value_counts().sort_index()
    return str(counts.idxmax()) if len(counts) else ""


def find_terms(texts: pd.Series, least: int) -> Iterator[tuple[str, Ints]]:
    """Terms that at least so many texts use, by name, with the sorted positions of these texts.

    Stop words are out: English ones by list, those of other languages by being everywhere. No term is longer than two
    words, and none is a word that hardly occurs outside one pair.
    """
    spoken = [_PSEUDONYM.sub(" . ", text) for text in texts]
    counter = CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=_WORD, min_df=least, max_df=EVERYWHERE)
    try:
        matrix = counter.fit_transform(spoken).tocsc()
    except ValueError:  # What the library says of texts without a single term that is frequent enough.
        return
    names = counter.get_feature_names_out()
    telling = {i: name for i, name in enumerate(names) if not _STOP_WORDS.intersection(name.split())}
    counts = np.diff(matrix.indptr)
    size_of = {name: int(counts[i]) for i, name in telling.items()}
    pairs = [name for name in size_of if " " in name]
    swallowed = {
        word for pair in pairs for word in pair.split() if size_of[pair] >= SWALLOWED * size_of.get(word, np.inf)
    }
    for i, name in telling.items():
        if name not in swallowed:
            yield name, np.sort(matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]]).astype(np.int64)
