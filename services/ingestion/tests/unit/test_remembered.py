"""What is remembered of look-ups, and of addresses that fail."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from millrace.ingestion.errors import RateLimited
from millrace.ingestion.failures import Failures
from millrace.ingestion.remembered import Remembered


def at_once(answer: Coroutine[Any, Any, str | None]) -> str | None:
    """What it returns if it never waits for anything: no loop runs here."""
    with pytest.raises(StopIteration) as ended:
        answer.send(None)
    found: str | None = ended.value.value
    return found


def test_what_is_remembered_costs_no_change_of_thread() -> None:
    # given
    asked: list[str] = []
    remembered = Remembered[str](lambda name: asked.append(name) or (name if name != "none" else None), 10, 30)
    asyncio.run(remembered.find("one"))
    asyncio.run(remembered.find("none"))
    # when / then
    assert (at_once(remembered.find("one")), at_once(remembered.find("none"))) == ("one", None)
    assert asked == ["one", "none"]
    assert remembered.known("none") is None


def test_many_who_miss_the_same_share_one_look_up() -> None:
    # given
    asked: list[str] = []
    remembered = Remembered[str](lambda name: asked.append(name) or name, 10, 30)

    async def all_at_once() -> list[str | None]:
        return await asyncio.gather(*(remembered.find("one") for _ in range(50)))

    # when / then
    assert asyncio.run(all_at_once()) == ["one"] * 50
    assert asked == ["one"]


def test_a_failed_look_up_is_not_remembered() -> None:
    # given
    answers = [OSError("away"), "found"]

    def look_up(name: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    remembered = Remembered[str](look_up, 10, 30)
    # when / then
    with pytest.raises(OSError, match="away"):
        asyncio.run(remembered.find("one"))
    assert asyncio.run(remembered.find("one")) == "found"


def test_made_up_names_push_out_none_that_exist() -> None:
    # given
    looked: list[str] = []

    def look_up(name: str) -> str | None:
        looked.append(name)
        return name if name == "one" else None

    remembered = Remembered[str](look_up, 4, 30)
    asyncio.run(remembered.find("one"))
    # when
    for number in range(100):
        asyncio.run(remembered.find(f"made-up-{number}"))
    # then
    assert remembered.known("one")
    assert looked.pop() == "made-up-99"
    asyncio.run(remembered.find("made-up-99"))
    assert "made-up-99" not in looked
    asyncio.run(remembered.find("made-up-0"))
    assert looked.count("made-up-0") == 2


def test_an_address_that_fails_too_often_waits_for_a_minute() -> None:
    # given
    at = [0.0]
    failures = Failures(2, lambda: at[0])
    # when
    for _ in range(2):
        failures.check("192.0.2.1")
        failures.count("192.0.2.1")
    # then
    with pytest.raises(RateLimited):
        failures.check("192.0.2.1")
    failures.check("192.0.2.2")
    at[0] = 61.0
    failures.check("192.0.2.1")
