"""Texts to token ids."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from transformers import AutoTokenizer

from millrace.nlp.embedding.graph import MAX_TOKENS

MAX_CHARACTERS = 2048
"""What is read of a text. 128 tokens seldom take more than 700 characters; a megabyte would take seconds."""


class _Encoding(Protocol):
    @property
    def ids(self) -> list[int]: ...


class _FastTokenizer(Protocol):
    """What is used of `tokenizers.Tokenizer`."""

    def enable_truncation(self, max_length: int) -> None: ...
    def no_padding(self) -> None: ...
    def encode(self, sequence: str) -> _Encoding: ...


class Tokens:
    """The model's WordPiece tokenizer, which may be loaded before a fork."""

    def __init__(self, tokenizer: _FastTokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path) -> "Tokens":
        """The tokenizer of the model's folder, cutting at MAX_TOKENS."""
        loaded = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        tokenizer = cast(_FastTokenizer, loaded.backend_tokenizer)
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return cls(tokenizer)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids per text, from [CLS] to [SEP]: at least these 2, at most MAX_TOKENS."""
        # One text at a time starts no threads, whatever the environment says, and is only 8 % slower.
        return [self._tokenizer.encode(_readable(text)).ids for text in texts]


def _readable(text: str) -> str:
    """The beginning of a text; a question mark replaces half a surrogate pair, which would be refused."""
    return text[:MAX_CHARACTERS].encode("utf-8", errors="replace").decode("utf-8")
