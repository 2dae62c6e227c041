"""What happens before the first request and after the last."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from millrace.ingestion.streams import end_with_process

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def lifespan(
    *,
    warm_ups: Sequence[Callable[[], object]],
    end: Callable[[], None],
    close: Callable[[], Awaitable[object]],
    stops: Sequence[Callable[[], object]],
) -> Lifespan:
    """Runs `warm_ups` in turn before the first request, and `close`, then `stops` after the last.

    `end` ends what would go on for ever, as soon as the process is told to stop.
    """

    @asynccontextmanager
    async def around(_: FastAPI) -> AsyncIterator[None]:
        end_with_process(end)
        for warm_up in warm_ups:
            await run_in_threadpool(warm_up)
        # What is loaded by now stays: out of the collector's sight, which would walk all of it again under load.
        gc.collect()
        gc.freeze()
        yield
        await close()
        for stop in stops:
            stop()

    return around
