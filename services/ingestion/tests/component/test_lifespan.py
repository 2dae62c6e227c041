"""What happens before the first request and after the last."""

import gc
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from millrace.ingestion.lifespan import lifespan


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_was_warmed_up_is_out_of_the_collectors_sight_while_requests_are_answered() -> None:
    # given
    told: list[str] = []

    async def close() -> None:
        told.append("closed")

    around = lifespan(
        warm_ups=(lambda: told.append("first"), lambda: told.append(f"frozen {gc.get_freeze_count()}")),
        end=lambda: None, close=close, stops=(lambda: told.append("stopped"),),
    )  # fmt: skip
    # when
    with TestClient(FastAPI(lifespan=around)):
        # then
        assert told == ["first", "frozen 0"]
        assert gc.get_freeze_count() > 1_000
    assert told[2:] == ["closed", "stopped"]
