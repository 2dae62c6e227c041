"""The packaged model, loaded once for all tests of this folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.embedding.model_files import packaged_model_dir, verified


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="session")
def model_files():
    return verified(packaged_model_dir())


@pytest.fixture(scope="session")
def reference():
    """Texts, and their vectors by torch 2.13.0 in 32-bit floats, [texts, 384]."""
    entries = json.loads(Path(__file__).with_name("reference_vectors.json").read_text(encoding="utf-8"))
    return [each["text"] for each in entries], np.array([each["vector"] for each in entries])
