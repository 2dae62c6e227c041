"""The memory for bodies, and whom it is for."""

import pytest

from millrace.ingestion.errors import NoRoom, RateLimited
from millrace.ingestion.limited import Room


def test_a_tenant_has_its_share_and_all_together_have_no_more_than_there_is() -> None:
    room = Room(most=10, most_of_tenant=6)
    with room.hold("acme") as one, room.hold("acme") as other, room.hold("rival") as rivals:
        one(4)
        with pytest.raises(RateLimited) as own:
            other(3)
        rivals(5)
        with pytest.raises(NoRoom) as full:
            other(2)
        assert own.value.retry_after_s and full.value.retry_after_s
        other(1)


def test_room_is_given_back_at_the_end_however_that_comes() -> None:
    room = Room(most=10, most_of_tenant=10)
    with pytest.raises(ZeroDivisionError), room.hold("acme") as take:
        take(10)
        raise ZeroDivisionError
    with room.hold("rival") as take:
        take(10)
