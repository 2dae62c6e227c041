"""The part of requirements.lock that one folder of the workspace needs, found from the packages' own metadata.

Usage: `requirements_for.py callback` prints locked requirements with their hashes; `--folders` prints the folders
of the workspace to install with them. Everything in requirements.lock must be installed where this runs.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Closure:
    """What one package needs, by name: itself and other folders of the workspace, and distributions from outside."""

    folders: dict[NormalizedName, Path]
    external: frozenset[NormalizedName]


def workspace(root: Path = ROOT) -> dict[NormalizedName, Path]:
    """Name → folder of every package in the workspace."""
    members = _read(root)["tool"]["uv"]["workspace"]["members"]
    folders = (path for glob in members for path in sorted(root.glob(glob)) if (path / "pyproject.toml").exists())
    return {canonicalize_name(_read(folder)["project"]["name"]): folder for folder in folders}


def closure(name: str, root: Path = ROOT) -> Closure:
    """Everything that the package needs, its extras' needs included; PackageNotFoundError when one is not installed."""
    members = workspace(root)
    overrides = map(Requirement, _read(root)["tool"]["uv"].get("override-dependencies", ()))
    dropped = {canonicalize_name(each.name) for each in overrides if not _applies(each)}
    seen: set[tuple[NormalizedName, str]] = set()
    waiting = [Requirement(name)]
    while waiting:
        asked = waiting.pop()
        asked_name = canonicalize_name(asked.name)
        for extra in {"", *asked.extras}:
            if asked_name not in dropped and (asked_name, extra) not in seen:
                seen.add((asked_name, extra))
                waiting += _needs(asked_name, extra, members)
    names = {each for each, _ in seen}
    return Closure(
        folders={each: folder for each, folder in members.items() if each in names},
        external=frozenset(names - set(members)),
    )


def locked(lock: str, names: frozenset[NormalizedName]) -> Iterator[str]:
    """The lock's entries, hashes included, of these distributions."""
    entry: list[str] = []
    for line in [*lock.splitlines(), "end"]:
        if line[:1].isalnum():
            if entry and canonicalize_name(Requirement(entry[0].rstrip(" \\")).name) in names:
                yield "\n".join(entry)
            entry = []
        entry.append(line)


def _needs(name: NormalizedName, extra: str, members: dict[NormalizedName, Path]) -> list[Requirement]:
    if name not in members:
        return [each for each in map(Requirement, metadata.requires(name) or ()) if _applies(each, extra)]
    project = _read(members[name])["project"]
    listed = project["optional-dependencies"][extra] if extra else project.get("dependencies", ())
    return [each for each in map(Requirement, listed) if _applies(each)]


def _applies(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _read(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


def main(arguments: list[str]) -> None:
    """Print what a folder of the workspace needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of a folder, such as dataset_customers, or of any distribution in the lock")
    parser.add_argument("--folders", action="store_true", help="print folders of the workspace instead")
    options = parser.parse_args(arguments)
    ours = canonicalize_name(f"millrace-{options.name}")
    found = closure(ours if ours in workspace() else options.name)
    if options.folders:
        print("\n".join(str(folder.relative_to(ROOT)) for folder in found.folders.values()))
    else:
        print("\n".join(locked((ROOT / "requirements.lock").read_text(), found.external)))


if __name__ == "__main__":
    main(sys.argv[1:])
