"""The commands at the top of docs/api.md, typed as they stand there: whoever follows the page gets in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from millrace.testing.stack import StackUnderTest

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PATIENCE_S = 120
"""Bounds a hang; nothing is expected to take as long."""


def commands(page: str, section: str) -> str:
    """The first indented block of a section."""
    lines = iter(page.partition(f"\n## {section}\n")[2].splitlines())
    first = next(line for line in lines if line.startswith("    "))
    block = [first]
    for line in lines:
        if not line.startswith("    "):
            break
        block.append(line)
    return "\n".join(line.strip() for line in block)


@pytest.fixture
def folder(stack: StackUnderTest, tmp_path: Path) -> Path:
    """A folder in which the stack's file lies, where the command line looks for it."""
    where = tmp_path / ".millrace"
    where.mkdir()
    (where / "stack.json").write_bytes((stack.stack.folder / "stack.json").read_bytes())
    return tmp_path


def test_whoever_types_what_the_page_says_is_let_in(stack: StackUnderTest, folder: Path) -> None:
    # given
    typed = commands(PAGE.read_text(), "Who may call")
    assert "millrace tenants create" in typed and "curl " in typed
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # when
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S,
        env=os.environ | {"PATH": path, "MILLRACE_API_URL": stack.client.base_url},
    )  # fmt: skip
    # then: the last command's answer is the last line
    assert done.returncode == 0, done.stderr
    flows = json.loads(done.stdout.splitlines()[-1])["flows"]
    assert "customer-feedback" in {flow["name"] for flow in flows}
