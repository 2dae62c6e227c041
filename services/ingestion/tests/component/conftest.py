"""The fixtures that most tests here begin with."""

from collections.abc import Iterator

import pytest
from services.ingestion.tests.component.world import World

from millrace.ingestion.adapters import ParserPool


@pytest.fixture(scope="session")
def reader() -> Iterator[ParserPool]:
    """A parser with a real child."""
    pool = ParserPool()
    pool.start()
    yield pool
    pool.stop()


@pytest.fixture
def world(reader: ParserPool) -> Iterator[World]:
    """An API with nothing in it yet."""
    made = World(reader=reader)
    with made.client:
        yield made
    made.pages.stop()
