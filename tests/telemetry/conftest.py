"""One story for all tests that judge what a stack tells."""

from collections.abc import Iterator

import pytest
from tests.telemetry.story import Story, told


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A stack whose runs have ended and whose telemetry has come."""
    with told(tmp_path_factory.mktemp("telemetry") / "stack") as found:
        yield found
