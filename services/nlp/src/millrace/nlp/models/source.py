"""Where a configured model comes from, and its files on this machine."""

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from millrace.nlp.errors import ModelUnavailable

S3 = Callable[[], Any]
"""Makes boto3's S3 client, when one is needed."""

_HUB = re.compile(r"hub:(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")
"""A revision is a commit: a branch or a tag may become another model overnight."""
_WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")
"""No pickles: loading one runs whatever it holds."""
WEIGHTS = "*.safetensors"


@dataclass(frozen=True)
class ModelFolder:
    """A model's files."""

    path: Path
    version: str
    """Its name and the beginning of its files' digest: what its answers depend on."""


def fetch(source: str, cache: Path, s3: S3) -> ModelFolder:
    """The files of `hub:owner/name@commit`, `s3://bucket/folder` or a folder, downloaded once into the cache.

    ModelUnavailable when there is no such model, or it has no weights in the safetensors format.
    """
    if source.startswith("hub:"):
        path, name = _from_hub(source, cache)
    elif source.startswith("s3://"):
        path, name = _from_s3(source, cache, s3)
    else:
        path, name = Path(source), Path(source).name
    if not any(path.glob(WEIGHTS)) or not (path / "config.json").is_file():
        raise ModelUnavailable(f"{name} has no config.json or no weights as safetensors")
    return ModelFolder(path, f"{name}-{_digest(path)[:12]}")


def _from_hub(source: str, cache: Path) -> tuple[Path, str]:
    found = _HUB.fullmatch(source)
    if found is None:
        raise ModelUnavailable("a model of the hub is named hub:owner/name@commit, the commit in 40 hex digits")
    # It takes 0.2 s to import, and only this needs it.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        path = snapshot_download(
            found["repo"], revision=found["revision"], cache_dir=cache / "hub", allow_patterns=list(_WANTED)
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelUnavailable(f"{found['repo']} could not be fetched: {type(error).__name__}") from error
    return Path(path), found["repo"].replace("/", "--")


def _from_s3(source: str, cache: Path, s3: S3) -> tuple[Path, str]:
    parts = urlsplit(source)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    # By address: a new model gets a new folder in the bucket, as the hub's get a new commit.
    place = cache / "s3" / hashlib.sha256(source.encode()).hexdigest()[:16]
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as folder:
            _download(s3(), bucket, prefix, Path(folder))
            _keep(Path(folder), place)
    return place, prefix.rpartition("/")[2] or bucket


def _keep(folder: Path, place: Path) -> None:
    """Complete or not there at all, whoever is killed; where another process was faster, its files stay."""
    if not (folder / "config.json").is_file():
        raise ModelUnavailable("there is no config.json at the model's address")
    try:
        folder.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _download(client: Any, bucket: str, prefix: str, folder: Path) -> None:
    # Not the folders within: a model often has others there, in files of the same names.
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{prefix}/" if prefix else "", Delimiter="/"
    )
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    names = {key.rpartition("/")[2]: key for key in keys}
    for name, key in names.items():
        if any(Path(name).match(pattern) for pattern in _WANTED):
            client.download_file(bucket, key, str(folder / name))


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(each for pattern in _WANTED for each in folder.glob(pattern)):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
