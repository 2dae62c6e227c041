"""The consumer that most tests here begin with."""

from collections.abc import Iterator

import pytest
from services.callback.tests.component.world import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A consumer that answers as it is told."""
    with receiving() as receiver:
        yield receiver
