"""The fixture that most tests here begin with."""

import pytest
from services.orchestrator.tests.component.world import World


@pytest.fixture
def world() -> World:
    """A run that was just accepted, with an engine over in-memory stores."""
    return World()
