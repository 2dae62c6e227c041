"""The import contracts hold, and each of them notices what it is there for."""

import re
import shutil
import subprocess
import sys

import pytest

RUN = """
import sys
from importlinter.cli import lint_imports
tree = sys.argv[1]
sys.path[:] = [tree, *(path for path in sys.path if not path.endswith("/src"))]
sys.exit(lint_imports(config_filename=f"{tree}/.importlinter", no_cache=True, no_logo=True))
"""

INWARD = "Packages point inward, and no service imports another"
OUTSIDE = "Services are started or called, never imported"
LAYERS = "Inside a service: app > tasks, routes > adapters > domain"
PURE = "Domains are pure: no broker, no store, no network, no environment"
THIN = "The orchestrator and the callback know no data frame and no model"

BREACHES = {
    "a service imports another": ("callback/bad.py", "import millrace.nlp", INWARD),
    "a library imports a service": ("worker/bad.py", "import millrace.nlp", INWARD),
    "contracts import a library": ("contracts/bad.py", "import millrace.storage", INWARD),
    "a service imports test helpers": ("nlp/bad.py", "import millrace.testing.parts", INWARD),
    "the local stack imports a service": ("local/bad.py", "import millrace.nlp", OUTSIDE),
    "an adapter calls a task": ("callback/adapters.py", "import millrace.callback.tasks", LAYERS),
    "a domain talks to AWS": ("analytics/domain/bad.py", "import boto3", PURE),
    "a domain reads a store": ("nlp/domain/bad.py", "import millrace.storage.ports", PURE),
    "the orchestrator counts rows": ("orchestrator/bad.py", "import pandas", THIN),
}
"""What is wrong: where it is planted, the line, the contract that must notice."""


@pytest.fixture(scope="module")
def merged(repository, tmp_path_factory):
    """All packages side by side in one scratch folder, so that a breach can be planted."""
    tree = tmp_path_factory.mktemp("merged")
    for folder in repository.folders:
        shutil.copytree(folder.package, tree / "millrace" / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository.root / ".importlinter", tree)
    return tree


def test_every_folder_is_in_every_list(repository):
    linted = (repository.root / ".importlinter").read_text()
    checked = (repository.root / "pyproject.toml").read_text()
    for folder in repository.services:
        # Imported by nobody, imported from outside by nobody, and layered inside.
        assert len(re.findall(rf"^    millrace\.{folder.name}$", linted, re.MULTILINE)) >= 2, folder.name
    for folder in repository.folders:
        assert f"$MYPY_CONFIG_FILE_DIR/{repository.name(folder.path)}/src" in checked


def test_the_contracts_hold(merged):
    code, printed = _lint(merged)
    assert code == 0, printed


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_noticed(merged, breach):
    # given
    where, line, contract = BREACHES[breach]
    bad = merged / "millrace" / where
    before = bad.read_bytes() if bad.exists() else None
    bad.write_text(f"{line}\n")
    # when
    code, printed = _lint(merged)
    # then
    bad.unlink() if before is None else bad.write_bytes(before)
    assert code == 1
    assert f"{contract} BROKEN" in printed


def test_a_package_without_a_place_is_noticed(merged):
    # given
    (merged / "millrace" / "shared").mkdir()
    (merged / "millrace" / "shared" / "__init__.py").touch()
    # when
    code, printed = _lint(merged)
    # then
    shutil.rmtree(merged / "millrace" / "shared")
    assert code == 1
    assert "shared" in printed


def _lint(tree):
    ran = subprocess.run([sys.executable, "-c", RUN, str(tree)], cwd=tree, capture_output=True, text=True, check=False)
    return ran.returncode, " ".join((ran.stdout + ran.stderr).split())
