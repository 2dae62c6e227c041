"""Rates and quotas: what is counted, what is answered, and what happens when nobody can count."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from limits.aio.storage import RedisStorage
from services.ingestion.tests.component.world import AUTH, RIVALS, TENANT, World

from millrace.contracts.access import Quota
from millrace.contracts.run import RunStatus
from millrace.ingestion.adapters import ParserPool
from millrace.ingestion.body import Options, ReadBody
from millrace.ingestion.errors import QuotaUsedUp
from millrace.ingestion.rates import connect_rates
from millrace.local.servers import Server
from millrace.testing.factories import START, run_record

NOON = 1_780_000_000 // 86_400 * 86_400 + 43_200.0
JSON_BODY = b'{"records": [{"record_id": "1", "text": "fine"}, {"record_id": "2", "text": "good"}]}'
GIVE_UP_S = 30.0
"""A busy machine is no reason to let everybody in: bounds a hang."""
CSV = b"id,review\n1,Lovely\n2,Bad\n"


@dataclass
class Clock:
    at: float = NOON

    def __call__(self) -> float:
        return self.at


class Unread:
    """Reads nothing."""

    async def read(self, tenant: str, data: bytes, options: Options) -> ReadBody:
        raise AssertionError("this body was not to be parsed")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(reader: ParserPool, clock: Clock) -> Iterator[World]:
    made = World(reader=reader)
    made.keys.rates.counters.clock = clock
    with made.client:
        yield made


def flows(world: World, headers: dict[str, str] = AUTH) -> Any:
    return world.client.get("/v1/flows", headers=headers)


def test_every_answer_says_what_is_left(world: World, clock: Clock) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(requests_per_minute=100, burst_per_second=50))
    clock.at = NOON + 12
    # when
    first, missing = flows(world), world.client.get("/v1/runs/nothing", headers=AUTH)
    # then
    assert first.headers["ratelimit-policy"] == '"burst";q=50;w=1, "minute";q=100;w=60'
    assert first.headers["ratelimit"] == '"burst";r=49;t=1, "minute";r=99;t=48'
    assert (missing.status_code, missing.headers["ratelimit"]) == (404, '"burst";r=48;t=1, "minute";r=98;t=48')
    assert "ratelimit" not in flows(world, {}).headers


def test_too_many_in_a_second_are_refused_until_the_next(world: World, clock: Clock) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(burst_per_second=2))
    # when
    answers = [flows(world) for _ in range(3)]
    # then
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["type"] == "urn:millrace:problem:rate-limited"
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["ratelimit"].startswith('"burst";r=0;t=1')
    clock.at += 1
    assert flows(world).status_code == 200


def test_too_many_in_a_minute_are_refused_until_the_next(world: World, clock: Clock) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(requests_per_minute=2))
    # when
    answers = [flows(world) for _ in range(3)]
    # then
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "60")
    assert flows(world, RIVALS).status_code == 200
    clock.at += 60
    assert flows(world).status_code == 200


def test_a_request_over_the_rate_leaves_nothing(world: World) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(burst_per_second=1))
    flows(world)
    # when
    answer = world.submit(b"not,even\nread")
    # then
    assert (answer.status_code, world.runs.records) == (429, {})


@pytest.mark.parametrize("quota", [{"runs_per_day": 1}, {"records_per_day": 1}])
def test_the_days_quota_ends_at_midnight(world: World, clock: Clock, quota: dict[str, int]) -> None:
    # given: the batch that reaches the number passes whole
    world.accounts.set_quota(TENANT, Quota(**quota))
    first = world.submit(JSON_BODY, "application/json")
    # when
    second = world.submit(JSON_BODY, "application/json")
    # then
    assert (first.status_code, second.status_code) == (202, 429)
    assert second.json()["type"] == "urn:millrace:problem:quota-used-up"
    assert second.headers["retry-after"] == str(43_200)
    clock.at = NOON + 43_200
    assert world.submit(JSON_BODY, "application/json").status_code == 202


def test_what_the_quota_refuses_is_not_parsed() -> None:
    # given
    world = World(reader=Unread())
    with world.client:
        world.accounts.set_quota(TENANT, Quota(runs_per_day=1))
        assert world.submit(JSON_BODY, "application/json").status_code == 202
        # when
        refused = world.submit(CSV)
    # then
    assert refused.json()["type"] == "urn:millrace:problem:quota-used-up"


def test_a_repeat_gets_its_answer_when_the_quota_is_used_up(world: World) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(runs_per_day=1))
    once = {"idempotency-key": "k-1"}
    first = world.submit(CSV, headers=once)
    # when
    again = world.submit(CSV, headers=once)
    # then
    assert (again.status_code, again.json()) == (202, first.json())


def test_what_was_refused_for_itself_costs_no_run(world: World) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(runs_per_day=1))
    # when
    assert world.submit(b"{", "application/json").status_code == 422
    # then
    assert world.submit(CSV).status_code == 202


def test_of_many_at_once_no_more_than_the_quota_are_accepted(redis_server: Server, redis: object) -> None:
    # given
    rates, quota = connect_rates(redis_server.url, GIVE_UP_S), Quota(runs_per_day=3, records_per_day=100)

    async def ask() -> list[object]:
        return await asyncio.gather(*(rates.reserve("crowd", quota, 10) for _ in range(8)), return_exceptions=True)

    async def run() -> None:
        # when
        found = await ask()
        refused = [each for each in found if isinstance(each, QuotaUsedUp)]
        given = [each for each in found if callable(each)]
        # then: what is given back can be had again
        assert (len(given), len(refused)) == (3, 5)
        await given[0]()
        assert sum(map(callable, await ask())) == 1
        assert isinstance(rates.counters.storage, RedisStorage)
        await rates.counters.storage.bridge.get_connection().aclose()

    asyncio.run(run())


def test_a_redrive_is_a_run_of_the_day_unless_it_is_refused(world: World) -> None:
    # given
    world.accounts.set_quota(TENANT, Quota(runs_per_day=1))
    record = run_record(status=RunStatus.FAILED, ended_at=START)
    world.runs.create(record)
    place = f"/v1/runs/{record.run_id}/redrive"
    # when
    answers = [
        world.client.post(place, json={"from": start}, headers=AUTH) for start in ("nowhere", "failed", "failed")
    ]
    # then
    assert [answer.status_code for answer in answers] == [422, 202, 429]
    assert world.submit(CSV).json()["type"] == "urn:millrace:problem:quota-used-up"


def test_two_processes_count_together(redis_server: Server, redis: object, clock: Clock) -> None:
    # given
    worlds = [World(), World()]
    answers = []
    for world in worlds:
        world.keys.rates = connect_rates(redis_server.url, GIVE_UP_S)
        world.keys.rates.counters.clock = clock
        world.accounts.set_quota(TENANT, Quota(requests_per_minute=3))
    # when
    for world in worlds:
        with TestClient(world.app) as client:
            answers += [client.get("/v1/flows", headers=AUTH).status_code for _ in range(2)]
    # then
    assert answers == [200, 200, 200, 429]


def test_without_redis_everybody_is_let_in_and_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    # given
    world = World()
    world.keys.rates = connect_rates("redis://127.0.0.1:1/0")
    world.accounts.set_quota(TENANT, Quota(burst_per_second=1))
    # when
    with world.client, caplog.at_level(logging.WARNING):
        answers = [flows(world) for _ in range(5)]
        made = world.submit(JSON_BODY, "application/json")
    # then
    assert [answer.status_code for answer in answers] == [200] * 5
    assert (made.status_code, "ratelimit" in made.headers) == (202, False)
    assert [record.message for record in caplog.records].count("rates_unknown") == 1
