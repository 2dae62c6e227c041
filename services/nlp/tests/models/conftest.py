"""A tiny model that the tests make: it learns in a second that some words are good, some bad, and some about money."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Read by the hub's client when it is imported: no test asks the hub.
os.environ["HF_HUB_OFFLINE"] = "1"

GOOD, BAD, PLAIN = ["lovely", "great", "superb"], ["awful", "broken", "rude"], ["box", "table", "monday"]
MONEY = ["invoice", "charged", "refunded"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "was", "this", "is", "about", *GOOD, *BAD, *PLAIN, *MONEY]

Text = str | tuple[str, str]
Make = Callable[[list[str], list[tuple[Text, int]]], Path]


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A classifier with these labels, taught these texts with the places of their labels."""

    def make(labels: list[str], taught: list[tuple[Text, int]]) -> Path:
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

        folder = tmp_path_factory.mktemp("model")
        torch.manual_seed(7)
        names = dict(enumerate(labels))
        config = BertConfig(
            vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=64, id2label=names, label2id={label: place for place, label in names.items()},
        )  # fmt: skip
        tokenizer = BertTokenizerFast(vocab=dict(zip(WORDS, range(len(WORDS)), strict=True)))
        model = BertForSequenceClassification(config)
        _teach(model, tokenizer, taught)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


def _teach(model: Any, tokenizer: Any, taught: list[tuple[Text, int]]) -> None:
    import torch

    inputs = tokenizer([text for text, _ in taught], padding=True, return_tensors="pt")
    wanted = torch.tensor([place for _, place in taught])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        optimizer.zero_grad()
        model(**inputs, labels=wanted).loss.backward()
        optimizer.step()
    model.eval()


@pytest.fixture(scope="session")
def tone_folder(make_model: Make) -> Path:
    """negative, neutral, positive."""
    words = [*((word, 2) for word in GOOD), *((word, 0) for word in BAD), *((word, 1) for word in PLAIN + MONEY)]
    return make_model(["negative", "neutral", "positive"], [(f"the {word}", place) for word, place in words])


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "cache"
