"""A seeded corpus of an online shop's feedback whose truth is planted, so that what a run finds can be judged."""

from millrace.testing.corpus.generator import generate
from millrace.testing.corpus.truth import Corpus, Planted, Truth

__all__ = ["Corpus", "Planted", "Truth", "generate"]
