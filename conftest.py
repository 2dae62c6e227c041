"""Fixtures for every test: real servers on free ports. Marks each test by its folder, so that `-m unit` works."""

import pytest

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts = item.path.parts
        folder = parts[parts.index("tests") + 1] if "tests" in parts else ""
        if folder in MARKERS:
            item.add_marker(MARKERS[folder])
