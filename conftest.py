"""Fixtures for every test: real servers on free ports. Marks each test by its folder, so that `-m unit` works."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["millrace.testing.servers"]

MARKERS = {
    "unit": "unit",
    "component": "component",
    "repo": "repo",
    "contracts": "contract",
    "compat": "contract",
    "flows": "flow",
    "telemetry": "flow",
    "security": "flow",
    "fuzz": "flow",
    "chaos": "chaos",
    "bench": "bench",
}
"""Folder below `tests/` → marker."""

SHARED = ("tests/flows/", "tests/telemetry/", "tests/security/")
"""Folders whose tests share a stack or an API that takes half a minute of a core to start."""
ALONE = ("tests/flows/test_commands.py", "tests/security/test_canary.py")
"""Files in them that start one of their own."""


class OneStack(LoadFileScheduling):
    """Files to whichever process is free, and those that share a stack to the same one, so that it starts once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return file if file in ALONE else next((folder for folder in SHARED if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneStack | None:
    return OneStack(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts = item.path.parts
        folder = parts[parts.index("tests") + 1] if "tests" in parts else ""
        if folder in MARKERS:
            item.add_marker(MARKERS[folder])
