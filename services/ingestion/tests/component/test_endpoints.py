"""The routes of callback endpoints, over in-memory stores."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from millrace.contracts.access import Scope
from millrace.contracts.addresses import entries
from millrace.contracts.endpoints import DeliveryRecord
from millrace.contracts.ids import endpoint_id, new_run_id
from millrace.contracts.messages import Probe
from millrace.contracts.run import CallbackRecord, CallbackStatus, RunRecord, RunStatus
from millrace.ingestion import problems
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.endpoint_routes import PER_MINUTE, Callbacks, add_endpoints
from millrace.ingestion.errors import BadCallbackUrl, RateLimited, TooManyEndpoints
from millrace.ingestion.redelivery import Redelivery
from millrace.ingestion.registrar import Registrar
from millrace.ingestion.resolving import MOST, MOST_OF_TENANT, THREADS, Lookups
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker, new_key
from millrace.storage.endpoints import Endpoints, delivery_id
from millrace.storage.errors import Conflict
from millrace.storage.items import Item, MemoryItems
from millrace.storage.memory import MemoryEnvelope, MemoryRuns
from millrace.testing.factories import START, callback_record, run_record

PEPPERS = ("a pepper of the tests, long enough for one",)
URL = "https://consumer.example.com/hook?token=abc"
PUBLIC = "93.184.215.14"


@dataclass
class Counting(MemoryItems):
    """Items that count what is asked of them."""

    asked: int = 0
    overtaken: bool = False

    def put(self, item: Item) -> Item:
        if self.overtaken:
            raise Conflict("others were faster")
        return super().put(item)

    def get(self, owner: str, name: str) -> Item:
        self.asked += 1
        return super().get(owner, name)


@dataclass
class World:
    """An API of the endpoint routes alone, with two tenants."""

    items: Counting = field(default_factory=Counting)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    probes: list[Probe] = field(default_factory=list)
    broken: bool = False
    answers: Any = (PUBLIC,)
    """What every name resolves to, or the error."""

    def __post_init__(self) -> None:
        self.endpoints = Endpoints(items=self.items, envelope=MemoryEnvelope())
        self.registrar = Registrar(
            endpoints=self.endpoints, allowed=entries("127.0.0.1"), limit=lambda tenant: 3,
            lookups=Lookups(resolve=self.resolve),
        )  # fmt: skip
        accounts, api, maker = Accounts(items=self.items), FastAPI(), KeyMaker(PEPPERS)
        self.headers = {}
        for tenant, scopes in (("acme", Scope), ("rival", Scope), ("reader", (Scope.CALLBACKS_READ,))):
            given, record = new_key(), accounts.create_tenant(tenant)
            accounts.add_key(maker.record(given, tenant, "key", tuple(scopes), record.created_at))
            self.headers[tenant] = {"authorization": f"Bearer {given.text}"}
        problems.install(api)
        routes = APIRouter(prefix="/v1")
        redelivery = Redelivery(runs=self.runs, endpoints=self.endpoints, prober=self)
        add_endpoints(routes, KeyRing(accounts, maker), Callbacks(registrar=self.registrar, redelivery=redelivery))
        api.include_router(routes)
        self.client = TestClient(api, raise_server_exceptions=False)

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        if isinstance(self.answers, BaseException):
            raise self.answers
        found: tuple[str, ...] = self.answers
        return found

    def probe(self, message: Probe) -> None:
        if self.broken:
            raise ConnectionError("broker away")
        self.probes.append(message)

    def ask(self, method: str, path: str, tenant: str = "acme", **given: Any) -> tuple[int, Any]:
        answer = self.client.request(method, f"/v1{path}", headers=self.headers[tenant], **given)
        return answer.status_code, answer.json() if answer.content else None

    def register(self, url: str = URL, **given: str) -> str:
        status, made = self.ask("POST", "/endpoints", json={"url": url, **given})
        assert status == 201, made
        return str(made["endpoint_id"])

    def ended(self, **callback: Any) -> RunRecord:
        """A run of acme's whose callback was delivered."""
        run_id = new_run_id()
        given = {"status": CallbackStatus.DELIVERED, "deliveries": 2, "url": URL} | callback
        record = run_record(
            run_id=run_id, status=RunStatus.COMPLETED, ended_at=START + timedelta(seconds=2), due_at=None,
            callback=callback_record(run_id, **given),
        )  # fmt: skip
        self.runs.create(record)
        return record


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    with world.client:
        yield world


def test_an_endpoint_is_registered_shown_and_listed_without_its_secrets(world: World) -> None:
    # when
    answer = world.client.post("/v1/endpoints", json={"url": URL}, headers=world.headers["acme"])
    # then
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/endpoints/{made['endpoint_id']}")
    assert (made["url"], made["enabled"], len(made["public_keys"])) == (URL, True, 1)
    assert world.ask("GET", f"/endpoints/{made['endpoint_id']}") == (200, made)
    assert world.ask("GET", "/endpoints") == (200, {"endpoints": [made], "cursor": None})
    assert "whsec_" not in answer.text and "whsk_" not in answer.text


def test_secrets_are_shown_to_writers_and_rotate(world: World) -> None:
    # given
    name = world.register(secret="whsec_" + "A" * 43 + "=")
    # when
    _, rotated = world.ask("POST", f"/endpoints/{name}/rotate")
    # then
    secrets = rotated["secrets"]
    assert [each["expires_at"] is None for each in secrets] == [True, False]
    assert secrets[1]["secret"] == "whsec_" + "A" * 43 + "="
    assert world.ask("GET", f"/endpoints/{name}/secret") == (200, rotated)
    assert "private" not in str(rotated) and "whsk_" not in str(rotated)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "https://10.0.0.1/"}, 422, "bad-callback-url"),
        ({"url": "http://example.com/"}, 422, "bad-callback-url"),
        ({"url": "https://example.com:8443/"}, 422, "bad-callback-url"), ({"url": ""}, 422, "invalid-parameter"),
        ({"url": URL, "secret": "whsec_QUJD"}, 422, "bad-secret"), ({"url": URL, "color": 1}, 422, "invalid-parameter"),
        ({}, 422, "invalid-parameter"), ({"url": URL, "secret": "x" * 5_000}, 413, "body-too-large"),
    ],
)  # fmt: skip
def test_what_cannot_be_registered_is_a_problem(world: World, body: dict[str, str], status: int, code: str) -> None:
    # when
    found, problem = world.ask("POST", "/endpoints", json=body)
    # then
    assert (found, problem["type"]) == (status, f"urn:millrace:problem:{code}")


@pytest.mark.parametrize(
    "answers",
    [("127.0.0.1",), (PUBLIC, "10.0.0.1"), socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("label")],
)
def test_a_name_that_is_private_or_unknown_is_refused(world: World, answers: Any) -> None:
    # given
    world.answers = answers
    # then
    assert world.ask("POST", "/endpoints", json={"url": URL})[0] == 422


def test_a_resolver_that_is_away_keeps_nobody_from_registering(world: World) -> None:
    # given: each connect looks again
    world.answers = socket.gaierror(socket.EAI_AGAIN, "later")
    # then
    assert world.register() == endpoint_id("acme", URL)


@dataclass
class Slow:
    """A registrar of names that are slow to resolve, until it is over."""

    over: threading.Event = field(default_factory=threading.Event)
    looked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        endpoints = Endpoints(items=MemoryItems(), envelope=MemoryEnvelope())
        self.lookups = Lookups(resolve=self.resolve, patience_s=0.05)
        self.registrar = Registrar(
            endpoints=endpoints, allowed=frozenset(), limit=lambda tenant: 3, lookups=self.lookups
        )  # fmt: skip

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        self.looked.append(host)
        self.over.wait(60)
        return (PUBLIC,)


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.over.set()


def test_a_name_that_resolves_slowly_holds_up_no_registration_for_long(slow: Slow) -> None:
    assert slow.registrar.register("acme", URL).url == URL


def test_slow_names_of_one_tenant_are_few_and_hold_up_no_other(slow: Slow) -> None:
    # given
    for number in range(MOST_OF_TENANT):
        slow.registrar.register("acme", f"https://slow-{number}.example.com/")
    # when
    with pytest.raises(RateLimited) as caught:
        slow.registrar.register("acme", "https://slow-9.example.com/")
    # then
    assert caught.value.retry_after_s
    assert slow.registrar.register("rival", URL).url == URL
    assert slow.looked == ["slow-0.example.com", "slow-1.example.com", "consumer.example.com"]


def test_slow_names_of_all_tenants_are_bounded_and_those_that_nobody_waits_for_are_dropped(slow: Slow) -> None:
    # given: as many as there are threads, whose look-ups cannot be ended
    for number in range(THREADS):
        slow.registrar.register(f"tenant-{number}", URL)
    # when
    for number in range(MOST):
        slow.registrar.register(f"late-{number}", URL)
    # then
    assert len(slow.looked) == THREADS


def test_who_may_have_no_more_endpoints_makes_nobody_resolve_a_name(world: World) -> None:
    # given
    for number in range(3):
        world.registrar.ensure("acme", f"{URL}{number}")
    world.answers = AssertionError("looked for")
    # then
    with pytest.raises(TooManyEndpoints):
        world.registrar.ensure("acme", "https://one-more.example.com/")


def test_a_url_is_registered_once_and_no_more_than_the_quota(world: World) -> None:
    # given
    world.register()
    # then
    status, problem = world.ask("POST", "/endpoints", json={"url": URL})
    assert (status, problem["type"]) == (409, "urn:millrace:problem:endpoint-exists")
    assert endpoint_id("acme", URL) in problem["detail"]
    world.register(f"{URL}2")
    world.register(f"{URL}3")
    status, problem = world.ask("POST", "/endpoints", json={"url": f"{URL}4"})
    assert (status, problem["type"]) == (422, "urn:millrace:problem:too-many-endpoints")


def test_it_is_disabled_enabled_and_deleted(world: World) -> None:
    # given
    name = world.register()
    # when
    _, disabled = world.ask("PATCH", f"/endpoints/{name}", json={"enabled": False, "reason": "moving"})
    _, enabled = world.ask("PATCH", f"/endpoints/{name}", json={"enabled": True})
    # then
    assert (disabled["enabled"], disabled["disabled_reason"], enabled["enabled"]) == (False, "moving", True)
    assert world.ask("PATCH", f"/endpoints/{name}", json={})[0] == 422
    assert world.ask("DELETE", f"/endpoints/{name}") == (204, None)
    assert world.ask("DELETE", f"/endpoints/{name}")[0] == 404


ROUTES = [
    ("GET", ""), ("PATCH", ""), ("POST", "/rotate"), ("GET", "/secret"), ("GET", "/deliveries"), ("POST", "/test"),
    ("DELETE", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "rest"), ROUTES)
def test_another_tenants_endpoint_is_not_there(world: World, method: str, rest: str) -> None:
    # given
    name = world.register()
    # then
    for asked in (name, "ep_nonsense", "ep_" + "0" * 26):
        assert world.ask(method, f"/endpoints/{asked}{rest}", "rival", json={"enabled": True})[0] == 404
    assert world.ask("GET", f"/endpoints/{name}")[1]["enabled"] is True


@pytest.mark.parametrize(("method", "rest"), [route for route in ROUTES if route not in (ROUTES[0], ROUTES[4])])
def test_a_reader_changes_nothing_and_sees_no_secret(world: World, method: str, rest: str) -> None:
    assert world.ask(method, f"/endpoints/ep_{'0' * 26}{rest}", "reader", json={"enabled": True})[0] == 403


def test_deliveries_are_listed_newest_first_with_a_cursor(world: World) -> None:
    # given
    name = world.register()
    for number in range(1, 4):
        at = START + timedelta(days=300_000, seconds=number)
        entry = DeliveryRecord(
            delivery_id=delivery_id(at), at=at, kind="run", event_id="evt_1", delivery=number, seconds=0.1
        )
        world.endpoints.note("acme", name, entry)
    # when
    _, first = world.ask("GET", f"/endpoints/{name}/deliveries?limit=2")
    _, second = world.ask("GET", f"/endpoints/{name}/deliveries?limit=2&cursor={first['cursor']}")
    # then
    assert [each["delivery"] for each in first["deliveries"] + second["deliveries"]] == [3, 2, 1]
    assert second["cursor"] is None
    assert world.ask("GET", f"/endpoints/{name}/deliveries?cursor=%00")[0] == 422


def test_a_test_goes_to_the_callback_service(world: World) -> None:
    # given
    name = world.register()
    # when
    status, asked = world.ask("POST", f"/endpoints/{name}/test")
    # then
    (probe,) = world.probes
    assert (status, asked["event_id"], probe.endpoint_id, probe.tenant) == (202, probe.event_id, name, "acme")
    world.broken = True
    assert world.ask("POST", f"/endpoints/{name}/test")[0] == 503
    world.ask("PATCH", f"/endpoints/{name}", json={"enabled": False})
    assert world.ask("POST", f"/endpoints/{name}/test")[0] == 409


@pytest.mark.parametrize("what", ["/endpoints/{}/test", "/runs/{}/callback/replay"])
def test_tests_and_replays_are_so_many_a_minute(world: World, what: str) -> None:
    # given
    name = world.register()
    path = what.format(name if "endpoints" in what else world.ended(endpoint_id=name).run_id)
    # when
    found = [world.ask("POST", path) for _ in range(PER_MINUTE + 1)]
    # then
    assert found[0][0] == 202 and 429 not in [status for status, _ in found[:-1]]
    assert (found[-1][0], found[-1][1]["type"]) == (429, "urn:millrace:problem:rate-limited")


def test_a_change_that_others_keep_overtaking_is_for_the_moment(world: World) -> None:
    # given
    name = world.register()
    world.items.overtaken = True
    # when
    answer = world.client.patch(f"/v1/endpoints/{name}", json={"enabled": False}, headers=world.headers["acme"])
    # then
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert answer.json()["type"] == "urn:millrace:problem:conflict"


def test_a_replay_makes_the_callback_due_under_the_same_event_id(world: World) -> None:
    # given
    record = world.ended(endpoint_id=world.register())
    # when
    status, asked = world.ask("POST", f"/runs/{record.run_id}/callback/replay")
    # then
    after = world.runs.get("acme", record.run_id)
    assert isinstance(after.callback, CallbackRecord) and isinstance(record.callback, CallbackRecord)
    assert (status, asked["event_id"], asked["delivery"]) == (202, record.callback.event_id, 3)
    assert (after.callback.status, after.callback.replayed_after) == (CallbackStatus.PENDING, 2)
    assert after.callback.replayed_at == after.due_at
    assert after.due_at is not None
    status, problem = world.ask("POST", f"/runs/{record.run_id}/callback/replay")
    assert (status, problem["type"]) == (409, "urn:millrace:problem:delivery-pending")


def test_what_cannot_be_replayed_says_why(world: World) -> None:
    # given
    active, silent = run_record(status=RunStatus.RUNNING), run_record(status=RunStatus.FAILED)
    for record in (active, silent):
        world.runs.create(record)
    gone = world.ended(endpoint_id=endpoint_id("acme", "https://gone.example.com/"))
    name = world.register()
    world.ask("PATCH", f"/endpoints/{name}", json={"enabled": False})
    disabled = world.ended(endpoint_id=name)
    # when
    found = [world.ask("POST", f"/runs/{record.run_id}/callback/replay") for record in (active, silent, gone, disabled)]
    # then
    assert [(status, problem["type"].rpartition(":")[2]) for status, problem in found] == [
        (409, "still-active"), (409, "no-callback"), (409, "endpoint-disabled"), (409, "endpoint-disabled"),
    ]  # fmt: skip
    assert world.ask("POST", f"/runs/{gone.run_id}/callback/replay", "rival")[0] == 404
    assert world.ask("POST", "/runs/nonsense/callback/replay")[0] == 404


def test_a_runs_new_url_is_registered_and_a_known_one_costs_nothing(world: World) -> None:
    # given
    world.registrar.ensure("acme", URL)
    asked = world.items.asked
    # when
    for _ in range(50):
        world.registrar.ensure("acme", URL)
    # then
    assert world.items.asked == asked
    assert world.endpoints.get("acme", endpoint_id("acme", URL)).url == URL


def test_a_runs_url_that_may_not_be_called_or_is_one_too_many_is_refused(world: World) -> None:
    with pytest.raises(BadCallbackUrl):
        world.registrar.ensure("acme", "https://10.0.0.1/")
    for number in range(3):
        world.registrar.ensure("acme", f"{URL}{number}")
    with pytest.raises(TooManyEndpoints):
        world.registrar.ensure("acme", URL)


def test_a_url_is_registered_anew_after_its_endpoint_was_deleted(world: World) -> None:
    # given
    world.registrar.ensure("acme", URL)
    world.ask("DELETE", f"/endpoints/{endpoint_id('acme', URL)}")
    # when
    world.registrar.ensure("acme", URL)
    # then
    assert world.endpoints.get("acme", endpoint_id("acme", URL)).disabled_at is None
