"""Batches about which little or nothing can be said: the run ends well, and its report says what is missing and why."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from millrace.contracts.report import Report
from millrace.contracts.run import RunStatus
from millrace.testing.stack import StackUnderTest

FINNISH = (
    "Toimitus kesti kolme viikkoa eikä kukaan vastannut puhelimeen.", "Kengät ovat mukavat ja hinta oli sopiva.",
    "En saanut rahojani takaisin, vaikka palautin tuotteen heti.", "Sovellus kaatuu joka kerta kun avaan sen.",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Hard:
    """A batch, and words that its report's notes must hold."""

    name: str
    records: list[dict[str, Any]]
    says: tuple[str, ...]


def _rated(count: int, text: str = "The parcel came late and the box was torn.", **more: Any) -> list[dict[str, Any]]:
    at = "2026-03-{:02d}T10:00:00Z"
    return [
        {
            "record_id": f"r{n}", "text": f"{text} {n}", "rating": {"scale": "stars5", "value": 1 + n % 5},
            "created_at": at.format(1 + n % 28),
        }
        | more
        for n in range(count)
    ]  # fmt: skip


def _said(*texts: str) -> list[dict[str, Any]]:
    return [{"record_id": str(number), "text": text} for number, text in enumerate(texts)]


def _without(field: str, count: int = 60) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != field} for record in _rated(count)]


HARD = (
    Hard(name="empty", records=[], says=("it holds no records",)),
    Hard(name="one", records=_rated(1), says=("all ratings are the same", "too few periods")),
    Hard(
        name="equal", records=_rated(60, rating={"scale": "stars5", "value": 4}), says=("all ratings are the same",)
    ),
    Hard(name="undated", records=_without("created_at"), says=("no dates",)),
    Hard(name="unrated", records=_without("rating"), says=("nothing is rated",)),
    Hard(name="finnish", records=_said(*FINNISH * 10), says=("read in en only", "in fi")),
    Hard(name="long", records=_rated(3, text="The waiter forgot us. " * 460), says=("drivers need",)),
    Hard(name="emoji", records=_said(*["😡👎 😞", "🎉"] * 15), says=("language",)),
)  # fmt: skip


@pytest.mark.parametrize("hard", HARD, ids=lambda hard: hard.name)
def test_a_hard_batch_gets_a_report_that_says_what_it_could_not_do(stack: StackUnderTest, hard: Hard) -> None:
    # when
    body = json.dumps({"records": hard.records}).encode()
    accepted = stack.client.submit_file(body, "application/json", callback_url=stack.stack.callback_url)
    run = stack.wait_for_callback(accepted.run_id)
    # then
    assert run.status is RunStatus.COMPLETED, [(gap.step, gap.reason) for gap in run.gaps]
    (callback,) = stack.callbacks(run)
    report = httpx.get(callback["body"]["data"]["report_url"]).json()
    notes = "\n".join(Report.model_validate(report).notes)
    assert [words for words in hard.says if words not in notes] == [], notes


def test_the_link_of_a_callback_opens_a_page(stack: StackUnderTest) -> None:
    # given
    body = json.dumps({"records": HARD[1].records}).encode()
    accepted = stack.client.submit_file(body, "application/json", callback_url=stack.stack.callback_url)
    (callback,) = stack.callbacks(stack.wait_for_callback(accepted.run_id))
    # when
    page = httpx.get(callback["body"]["data"]["report_url"], headers={"accept": "text/html"}, timeout=60)
    # then
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert accepted.run_id in page.text and "src=" not in page.text
