"""The repository as its tests see it: what is tracked or would be, and the folders that are packages."""

import subprocess
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml


@dataclass(frozen=True)
class Folder:
    """One folder with a pyproject.toml: a service, a library or the local stack."""

    path: Path

    @property
    def kind(self) -> str:
        return self.path.parent.name

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def kebab(self) -> str:
        return self.name.replace("_", "-")

    @property
    def package(self) -> Path:
        return self.path / "src" / "millrace" / self.name

    @property
    def pyproject(self) -> dict[str, Any]:
        return tomllib.loads((self.path / "pyproject.toml").read_text())

    def modules(self) -> list[Path]:
        return sorted((self.path / "src").rglob("*.py"))


@dataclass(frozen=True)
class Repository:
    root: Path

    @cached_property
    def files(self) -> list[Path]:
        """Every file that is tracked, or would be with `git add .`."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=self.root, capture_output=True, check=True, text=True,
        ).stdout  # fmt: skip
        return sorted(path for name in listed.split("\0") if name and (path := self.root / name).is_file())

    @cached_property
    def folders(self) -> list[Folder]:
        found = [
            path.parent
            for glob in ("libs", "services", "platform")
            for path in self.root.glob(f"{glob}/*/pyproject.toml")
        ]
        return [Folder(path) for path in sorted(found)]

    @property
    def services(self) -> list[Folder]:
        return [folder for folder in self.folders if folder.kind == "services"]

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


@pytest.fixture(scope="session")
def repository() -> Repository:
    return Repository(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="session")
def containers(repository: Repository) -> dict[str, Any]:
    """Our own services in compose.yaml, without what stands around them."""
    services = yaml.safe_load((repository.root / "compose.yaml").read_text())["services"]
    built = {name: each for name, each in services.items() if "build" in each}
    return {name: each for name, each in built.items() if each["build"]["args"]["SERVICE"] != "local"}
