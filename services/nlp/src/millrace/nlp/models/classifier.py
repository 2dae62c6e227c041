"""Sequence classification by a `transformers` model on one core. Needs the extra `models` (torch)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.errors import ModelUnavailable
from millrace.nlp.models.source import ModelFolder

MAX_TOKENS = 256
"""What is read of a text, where the model itself does not stop before."""
OFFSET = 2
"""Positions that RoBERTa and its kin leave unused at the beginning."""
BATCH = 16
"""Texts at a time: `keep_going` is asked before each batch."""

Text = str | tuple[str, str]
"""A text, or a pair of texts that are judged together."""


@dataclass(frozen=True)
class Classifier:
    """A model that may be loaded before a fork: nothing runs until a child asks, and then on one thread."""

    version: str
    labels: tuple[str, ...]
    """What its columns mean, as its configuration says."""
    _model: Any
    _tokenizer: Any
    _max_tokens: int

    @classmethod
    def load(cls, folder: ModelFolder) -> "Classifier":
        """Read the model; ModelUnavailable without torch, or when the files are of no such model."""
        try:
            import torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise ModelUnavailable("a configured model needs torch: install millrace-nlp[models]") from error
        torch.set_num_threads(1)
        try:
            model = AutoModelForSequenceClassification.from_pretrained(
                folder.path, local_files_only=True, use_safetensors=True
            ).eval()
            tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{folder.version} is no readable classifier") from error
        labels = tuple(str(model.config.id2label[place]) for place in range(model.config.num_labels))
        positions = getattr(model.config, "max_position_embeddings", MAX_TOKENS + OFFSET)
        return cls(folder.version, labels, model, tokenizer, min(MAX_TOKENS, positions - OFFSET))

    def probabilities(
        self, texts: Sequence[Text], keep_going: Callable[[], bool]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """How probable each label is, shape (texts, labels), and which texts there was time for."""
        import torch

        found = np.zeros((len(texts), len(self.labels)), dtype=np.float32)
        seen = np.zeros(len(texts), dtype=np.bool_)
        for places in _batches(texts):
            if not keep_going():
                break
            inputs = self._tokenizer(
                [texts[place] for place in places], padding=True, truncation=True, max_length=self._max_tokens,
                return_tensors="pt",
            )  # fmt: skip
            with torch.inference_mode():
                logits = self._model(**inputs).logits
            found[places] = torch.softmax(logits, dim=-1).numpy()
            seen[places] = True
        return found, seen


def _batches(texts: Sequence[Text]) -> Iterator[list[int]]:
    """Texts of similar length together, so that little is padded; the batches in the order of their first text."""
    for start in range(0, len(texts), BATCH * 4):
        window = sorted(range(start, min(start + BATCH * 4, len(texts))), key=lambda place: len(str(texts[place])))
        for first in range(0, len(window), BATCH):
            yield window[first : first + BATCH]
