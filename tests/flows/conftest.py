"""One local stack for every flow test that needs nothing special of it."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from millrace.testing import stack as stacks
from millrace.testing.stack import StackUnderTest


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """A running stack."""
    under_test = stacks.start(tmp_path_factory.mktemp("stack"))
    yield under_test
    stacks.stop(under_test)


@pytest.fixture(scope="session")
def sample() -> Iterator[Path]:
    """The file that the demo submits."""
    with resources.as_file(resources.files("millrace.local") / "sample" / "feedback.csv") as path:
        yield path
