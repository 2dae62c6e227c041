"""The model's folder is found, and refused when a file is another one."""

import shutil
from pathlib import Path

import pytest

from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.embedding.errors import EmbeddingError, ModelMissing, ModelTampered
from millrace.nlp.embedding.model_files import PINNED, WEIGHTS, packaged_model_dir, verified


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the pinned files; the weights are a link to the installed ones."""
    for name in PINNED:
        if name == WEIGHTS:
            (tmp_path / name).symlink_to(packaged_model_dir() / name)
        else:
            shutil.copy(packaged_model_dir() / name, tmp_path / name)
    return tmp_path


def test_the_pinned_files_are_accepted(folder):
    # when
    files = verified(folder)
    # then
    assert (files.folder, files.weights) == (folder, folder / WEIGHTS)
    assert files.weights_sha256.startswith("53aa5117")
    assert files.weights_sha256.endswith("b128d9db")


@pytest.mark.parametrize("name", sorted(PINNED))
def test_a_tampered_file_is_refused(folder, name):
    # given
    content = (folder / name).read_bytes()[:1000]
    (folder / name).unlink()
    (folder / name).write_bytes(content + b" ")
    # when, then
    with pytest.raises(ModelTampered, match=name):
        Encoder.load(folder)


def test_a_missing_file_is_named(folder):
    # given
    (folder / "tokenizer.json").unlink()
    # when, then
    with pytest.raises(ModelMissing, match=r"tokenizer\.json"):
        verified(folder)


def test_a_folder_that_is_not_there_is_missing(tmp_path):
    # when, then
    with pytest.raises(ModelMissing):
        verified(tmp_path / "nowhere")


def test_errors_have_one_root():
    # then
    assert issubclass(ModelMissing, EmbeddingError)
    assert issubclass(ModelTampered, EmbeddingError)
