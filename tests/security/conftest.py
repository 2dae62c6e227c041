"""One API without workers for every test that only asks it."""

from collections.abc import Iterator

import pytest
from tests.fuzz.front_door import FrontDoor, opened


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    """A running API."""
    with opened(tmp_path_factory.mktemp("door")) as opened_door:
        yield opened_door
