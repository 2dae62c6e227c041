"""Who is let in: keys, scopes, what is remembered of them, and what guessing comes to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from services.ingestion.tests.component.world import AUTH, LINKS, MAKER, TENANT, World

from millrace.contracts.access import ApiKeyRecord, Scope
from millrace.contracts.base import now
from millrace.ingestion.auth import FAILURES_PER_MINUTE, FRESH_S
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import new_key
from millrace.storage.links import ReportLink
from millrace.testing.factories import START, run_record

KEY_ID = AUTH["authorization"].split("_")[1]


@dataclass
class Timer:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@dataclass(frozen=True, kw_only=True)
class CountedAccounts(Accounts):
    """Counts what is asked of the store."""

    asked: list[str]

    def key(self, key_id: str) -> ApiKeyRecord:
        self.asked.append(key_id)
        return super().key(key_id)


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def world(timer: Timer) -> Iterator[World]:
    made = World(timer=timer)
    with made.client:
        yield made


def flows(world: World, headers: dict[str, str]) -> Any:
    return world.client.get("/v1/flows", headers=headers)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def refused(world: World, why: str) -> dict[str, str]:
    """A header that opens nothing, for this reason."""
    if why == "unknown":
        return bearer(new_key().text)
    if why == "wrong secret":
        return bearer(f"mlr_{KEY_ID}_{new_key().secret}")
    if why == "expired":
        return world.key(TENANT, expires_at=now() - timedelta(seconds=1))
    if why == "revoked":
        headers = world.key(TENANT)
        world.accounts.revoke(headers["authorization"].split("_")[1])
        return headers
    {"suspended": world.accounts.suspend, "shredded": world.accounts.mark_shredded}[why](TENANT)
    return AUTH


@pytest.mark.parametrize("why", ["unknown", "wrong secret", "expired", "revoked", "suspended", "shredded"])
def test_nobody_is_told_why_a_key_is_refused(world: World, why: str) -> None:
    # given
    nothing = flows(world, {})
    # when
    answer = flows(world, refused(world, why))
    # then
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() | {"request_id": ""} == nothing.json() | {"request_id": ""}


def test_a_key_without_the_scope_is_told_which_one_is_missing(world: World) -> None:
    # given
    reader = world.key(TENANT, Scope.RUNS_READ)
    # when
    read, written = flows(world, reader), world.submit(b"text\nfine\n", headers=reader)
    # then
    assert read.status_code == 200
    assert (written.status_code, written.json()["type"]) == (403, "urn:millrace:problem:forbidden")
    assert "runs:write" in written.json()["detail"]
    assert written.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="runs:write"'


@pytest.mark.parametrize("change", ["revoke", "suspend"])
def test_what_is_taken_away_is_gone_within_half_a_minute(world: World, timer: Timer, change: str) -> None:
    # given
    assert flows(world, AUTH).status_code == 200
    # when
    _ = world.accounts.revoke(KEY_ID) if change == "revoke" else world.accounts.suspend(TENANT)
    # then
    assert flows(world, AUTH).status_code == 200
    timer.at = FRESH_S + 1
    assert flows(world, AUTH).status_code == 401


def test_an_expired_key_is_refused_though_it_is_remembered() -> None:
    # given
    at = [START]
    world = World(clock=lambda: at[0])
    with world.client:
        headers = world.key(TENANT, expires_at=START + timedelta(seconds=5))
        assert flows(world, headers).status_code == 200
        # when
        at[0] = START + timedelta(seconds=5)
        # then
        assert flows(world, headers).status_code == 401


def test_the_store_is_asked_once_for_a_key_whether_there_is_one_or_not(world: World, timer: Timer) -> None:
    # given
    world.keys.accounts = CountedAccounts(items=world.items, asked=[])
    nobodys = new_key()
    # when
    for _ in range(5):
        flows(world, AUTH)
        flows(world, bearer(nobodys.text))
    # then
    assert world.keys.accounts.asked == [KEY_ID, nobodys.key_id]
    timer.at = FRESH_S + 1
    flows(world, AUTH)
    assert world.keys.accounts.asked == [KEY_ID, nobodys.key_id, KEY_ID]


def test_who_guesses_is_told_to_wait_and_the_store_is_left_alone(world: World) -> None:
    # given
    flows(world, AUTH)
    world.keys.accounts = CountedAccounts(items=world.items, asked=[])
    # when
    answers = [flows(world, bearer(new_key().text)) for _ in range(FAILURES_PER_MINUTE + 5)]
    # then: whoever shares the address and has a key goes on
    assert [answer.status_code for answer in answers] == [401] * FAILURES_PER_MINUTE + [429] * 5
    assert answers[-1].headers["retry-after"] == "60"
    assert len(world.keys.accounts.asked) == FAILURES_PER_MINUTE
    assert flows(world, AUTH).status_code == 200


@pytest.mark.parametrize("why", ["unknown", "wrong secret"])
def test_who_repeats_one_key_that_opens_nothing_is_told_to_wait_too(world: World, why: str) -> None:
    # given: it is remembered that the one does not exist, and what the other is
    flows(world, AUTH)
    given = refused(world, why)
    # when
    answers = [flows(world, given) for _ in range(FAILURES_PER_MINUTE + 2)]
    # then
    assert [answer.status_code for answer in answers] == [401] * FAILURES_PER_MINUTE + [429] * 2
    assert flows(world, AUTH).status_code == 200


def test_a_link_opens_nothing_of_a_tenant_without_access(world: World, timer: Timer) -> None:
    # given
    record = run_record(report=world.report("x"))
    world.runs.create(record)
    link = ReportLink(tenant=TENANT, run_id=record.run_id, attempt=1)
    path = f"/v1/runs/{record.run_id}/report?attempt=1&token={LINKS.token(link, now() + timedelta(days=1))}"
    assert world.client.get(path).status_code == 200
    # when
    world.accounts.suspend(TENANT)
    timer.at = FRESH_S + 1
    # then
    assert world.client.get(path).status_code == 403


def test_neither_key_nor_digest_is_in_what_is_printed(world: World) -> None:
    # given
    record, text = MAKER.make(TENANT, "x", (Scope.RUNS_READ,), START)
    # when
    said = f"{world.keys!r} {record!r} {MAKER!r}"
    # then
    assert record.digest not in said and text not in said and MAKER.peppers[0] not in said
