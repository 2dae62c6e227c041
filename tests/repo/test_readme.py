"""The README's commands exist, and the pages that it names."""

import re


def test_every_make_command_exists(repository):
    named = set(re.findall(r"\bmake ([a-z-]+)\b", (repository.root / "README.md").read_text()))
    targets = set(re.findall(r"^([a-z-]+):", (repository.root / "Makefile").read_text(), re.MULTILINE))
    assert "test" in named
    assert named <= targets


def test_every_page_exists(repository):
    for path in [repository.root / "README.md", *(repository.root / "docs").rglob("*.md")]:
        named = re.findall(r"`((?:docs|libs|services|platform|tests)/[\w./-]+)`", path.read_text())
        missing = [each for each in named if not (repository.root / each).exists()]
        assert missing == [], repository.name(path)
