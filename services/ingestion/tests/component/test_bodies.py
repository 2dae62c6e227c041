"""Bodies that are on their way in take room, and a tenant has a share of it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from services.ingestion.tests.component.world import AUTH, World

from millrace.ingestion.limited import BODIES_OF_TENANT

LARGEST = 64


async def one_too_many(world: World) -> httpx.Response:
    """The first answer to requests with the largest body each, none of which comes to its end before."""
    answered = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * LARGEST
        await answered.wait()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://api") as client:
        asked = [
            asyncio.create_task(client.post("/v1/runs", content=body(), headers=AUTH | {"idempotency-key": f"k-{at}"}))
            for at in range(BODIES_OF_TENANT + 1)
        ]
        (first,), _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        answered.set()
        await asyncio.gather(*asked)
        answer: httpx.Response = first.result()
        return answer


def test_a_tenant_that_drips_too_many_bodies_is_told_to_come_back() -> None:
    # when
    answer = asyncio.run(asyncio.wait_for(one_too_many(World(max_body_bytes=LARGEST)), 30))
    # then
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:millrace:problem:rate-limited")
    assert answer.headers["retry-after"]
