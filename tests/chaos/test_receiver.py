"""The consumer of the chaos suite behaves as its path says, and keeps what it got."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook
from tests.chaos.ledger import Ledger
from tests.chaos.receiver import Receiver

from millrace.testing.loop import Loop

SECRET = "whsec_" + "c2VjcmV0" * 6
BODY = '{"data": {"run_id": "run_1", "tenant": "acme", "attempt": 1}}'


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[Receiver, Ledger]]:
    loop, ledger = Loop(), Ledger(tmp_path / "ledger.ndjson")
    made = Receiver(loop, ledger, SECRET)
    yield made, ledger
    made.close()
    loop.close()


def post(url: str, body: str = BODY) -> httpx.Response:
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("evt_1", at, BODY),
    }
    with httpx.stream("POST", url, content=body, headers=headers, timeout=20) as answer:
        return answer


@pytest.mark.parametrize(("temper", "status"), [("error", 500), ("busy", 429), ("redirect", 302), ("lie", 500)])
def test_it_is_difficult_as_often_as_its_path_says(receiver: tuple[Receiver, Ledger], temper: str, status: int) -> None:
    url = receiver[0].url(f"{temper}/1")
    assert [post(url).status_code for _ in range(2)] == [status, 200]
    assert [call.arrival for call in receiver[1].called] == [1, 2]


@pytest.mark.parametrize("temper", ["reset", "mute"])
def test_it_may_hang_up(receiver: tuple[Receiver, Ledger], temper: str) -> None:
    with pytest.raises(httpx.HTTPError):
        post(receiver[0].url(f"{temper}/1"))


def test_it_tells_a_forged_callback_from_a_signed_one(receiver: tuple[Receiver, Ledger]) -> None:
    # when
    post(receiver[0].url("ok"))
    post(receiver[0].url("ok"), BODY.replace("acme", "evil"))
    # then
    assert [(call.tenant, call.verified) for call in receiver[1].called] == [("acme", True), ("evil", False)]


def test_it_counts_who_follows_a_redirect(receiver: tuple[Receiver, Ledger]) -> None:
    post(receiver[0].url("trap"))
    assert receiver[0].trapped == 1
