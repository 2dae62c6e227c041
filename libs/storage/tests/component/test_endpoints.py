"""Endpoints and their log, over items and an envelope in memory: both have tests of their own against real ones."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from millrace.contracts.endpoints import DeliveryRecord, SigningKeys
from millrace.storage.endpoints import REPEAT, Endpoints, delivery_id
from millrace.storage.errors import BadSecret, Conflict, Corrupt, LimitReached, NotFound
from millrace.storage.items import Item, Items, MemoryItems
from millrace.storage.memory import MemoryEnvelope

URL = "https://example.com/hook?token=s3cret"
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """Endpoints with a clock that stands still until it is moved."""

    items: Items = field(default_factory=MemoryItems)
    at: datetime = AT
    endpoints: Endpoints = field(init=False)

    def __post_init__(self) -> None:
        self.endpoints = Endpoints(items=self.items, envelope=MemoryEnvelope(), clock=lambda: self.at)

    def live(self, endpoint: str) -> list[SigningKeys]:
        return list(self.endpoints.get("acme", endpoint).live_keys(self.at))


@pytest.fixture
def world() -> World:
    return World()


def delivery(at: datetime, number: int = 1) -> DeliveryRecord:
    return DeliveryRecord(
        delivery_id=delivery_id(at), at=at, kind="run", event_id="evt_1", delivery=number, status=500,
        error="http_500", seconds=0.1,
    )  # fmt: skip


def test_an_endpoint_is_the_tenants_alone(world: World) -> None:
    # when
    made = world.endpoints.register("acme", URL)
    # then
    assert world.endpoints.get("acme", made.endpoint_id) == made
    with pytest.raises(NotFound):
        world.endpoints.get("rival", made.endpoint_id)
    assert world.endpoints.register("rival", URL).endpoint_id != made.endpoint_id


def test_what_is_stored_tells_nothing(world: World) -> None:
    # given
    made = world.endpoints.register("acme", URL)
    # when
    (item,) = world.items.page("endpoints#acme").items
    # then
    for secret in (b"example.com", b"s3cret", made.keys[0].secret[6:].encode(), made.keys[0].private_key[5:].encode()):
        assert secret not in item.body
    assert URL not in repr(made)


def test_an_endpoint_of_another_tenant_cannot_be_moved_over(world: World) -> None:
    # given
    made = world.endpoints.register("acme", URL)
    item = world.items.get("endpoints#acme", f"endpoint#{made.endpoint_id}")
    world.items.put(Item(owner="endpoints#rival", name=item.name, body=item.body))
    # then
    with pytest.raises(Corrupt):
        world.endpoints.get("rival", made.endpoint_id)


def test_a_url_is_registered_once_and_no_more_than_the_quota_allows(world: World) -> None:
    # given
    world.endpoints.register("acme", URL, limit=2)
    # then
    with pytest.raises(Conflict):
        world.endpoints.register("acme", URL, limit=2)
    world.endpoints.register("acme", "https://example.com/other", limit=2)
    with pytest.raises(LimitReached):
        world.endpoints.register("acme", "https://example.com/third", limit=2)


def test_endpoints_are_listed_page_by_page(world: World) -> None:
    # given
    made = {world.endpoints.register("acme", f"{URL}{number}").endpoint_id for number in range(5)}
    world.items.put(Item(owner="tenant#acme", name="tenant", body=b"{}"))
    # when
    first = world.endpoints.page("acme", 3)
    second = world.endpoints.page("acme", 3, first.cursor)
    # then
    assert {record.endpoint_id for record in (*first.records, *second.records)} == made
    assert (len(first.records), second.cursor) == (3, None)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_QUJD", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", "whsec_!!!!"])
def test_a_consumers_own_secret_must_be_one(world: World, secret: str) -> None:
    with pytest.raises(BadSecret):
        world.endpoints.register("acme", URL, secret=secret)


def test_a_rotation_keeps_the_former_keys_for_a_day(world: World) -> None:
    # given
    first = world.endpoints.register("acme", URL)
    # when
    second = world.endpoints.rotate("acme", first.endpoint_id)
    # then
    former = [keys.secret for keys in world.live(first.endpoint_id)]
    assert former == [second.keys[0].secret, first.keys[0].secret]
    world.at += timedelta(hours=24)
    assert [keys.secret for keys in world.live(first.endpoint_id)] == [second.keys[0].secret]


def test_never_more_than_two_sets_of_keys_sign(world: World) -> None:
    # given
    made = world.endpoints.register("acme", URL)
    # when
    for _ in range(3):
        world.at += REPEAT
        last = world.endpoints.rotate("acme", made.endpoint_id)
    # then
    assert len(world.live(made.endpoint_id)) == 2
    assert last.keys[0].expires_at is None and len({keys.public_key for keys in last.keys}) == 2


def test_a_rotation_whose_answer_was_lost_may_be_asked_for_again(world: World) -> None:
    # given
    made = world.endpoints.register("acme", URL)
    first = world.endpoints.rotate("acme", made.endpoint_id)
    world.at += REPEAT - timedelta(seconds=1)
    # when
    second = world.endpoints.rotate("acme", made.endpoint_id)
    # then: the consumer's own secret signs along
    assert second == first
    assert made.keys[0].secret in [keys.secret for keys in world.live(made.endpoint_id)]


def test_the_first_reason_for_which_it_was_disabled_stays(world: World) -> None:
    # given
    name = world.endpoints.register("acme", URL).endpoint_id
    # when
    world.endpoints.disable("acme", name, "gone")
    world.endpoints.disable("acme", name, "on request")
    # then
    assert world.endpoints.get("acme", name).disabled_reason == "gone"
    assert world.endpoints.enable("acme", name).disabled_at is None


def test_what_asks_for_time_gets_it_within_bounds(world: World) -> None:
    # given
    name = world.endpoints.register("acme", URL).endpoint_id
    # when
    asked = world.endpoints.slow_down("acme", name, 60)
    for _ in range(30):
        world.at = world.endpoints.get("acme", name).slow_until or world.at
        often = world.endpoints.slow_down("acme", name, 0)
    # then
    assert asked.slow_until == AT + timedelta(seconds=60)
    assert often.slow_until == world.at + timedelta(seconds=300)


def test_who_asks_while_it_is_left_alone_only_makes_that_longer(world: World) -> None:
    # given
    name = world.endpoints.register("acme", URL).endpoint_id
    world.endpoints.slow_down("acme", name, 0)
    # when
    same = world.endpoints.slow_down("acme", name, 1)
    longer = world.endpoints.slow_down("acme", name, 60)
    # then
    assert (same.slowdowns, same.slow_until) == (1, AT + timedelta(seconds=2))
    assert (longer.slowdowns, longer.slow_until) == (1, AT + timedelta(seconds=60))


@dataclass
class Contended(MemoryItems):
    """Items into which somebody else writes first, so many times."""

    times: int = 0

    def put_all(self, items: tuple[Item, ...]) -> None:
        if self.times:
            self.times -= 1
            raise Conflict("somebody else was first")
        super().put_all(items)


@pytest.mark.parametrize(("times", "made"), [(1, True), (4, True), (5, False)])
def test_a_change_that_meets_another_is_tried_again(times: int, made: bool) -> None:
    # given
    items = Contended()
    world = World(items)
    name = world.endpoints.register("acme", URL).endpoint_id
    items.times = times
    # then
    if made:
        assert world.endpoints.disable("acme", name, "gone").disabled_reason == "gone"
    else:
        with pytest.raises(Conflict):
            world.endpoints.disable("acme", name, "gone")


def test_the_log_is_newest_first_page_by_page_and_thirty_days_long(world: World) -> None:
    # given
    for number in range(1, 6):
        world.endpoints.note("acme", "ep_1", delivery(AT + timedelta(seconds=number), number))
    # when
    first = world.endpoints.deliveries("acme", "ep_1", 2)
    second = world.endpoints.deliveries("acme", "ep_1", 5, first.cursor)
    # then
    assert [entry.delivery for entry in (*first.records, *second.records)] == [5, 4, 3, 2, 1]
    assert second.cursor is None and world.endpoints.deliveries("rival", "ep_1", 5).records == ()
    world.at += timedelta(days=30, seconds=3)
    assert [entry.delivery for entry in world.endpoints.deliveries("acme", "ep_1", 5).records] == [5, 4]


def test_a_deleted_endpoint_is_gone_and_may_come_back_with_other_keys(world: World) -> None:
    # given
    made = world.endpoints.register("acme", URL)
    # when
    world.endpoints.delete("acme", made.endpoint_id)
    # then
    for call in (world.endpoints.rotate, world.endpoints.delete):
        with pytest.raises(NotFound):
            call("acme", made.endpoint_id)
    assert world.endpoints.register("acme", URL).keys != made.keys
