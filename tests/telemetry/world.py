"""A local stack that tells everything of itself, and who listens to it."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import httpx
from tests.chaos.batches import batch
from tests.telemetry.listeners import Listeners, listening

from millrace.client import Client
from millrace.contracts.api import RunView
from millrace.local.settings import LocalSettings
from millrace.local.stack import Stack
from millrace.testing.aws_faults import AwsFaults
from millrace.testing.otlp import Span
from millrace.testing.stack import StackUnderTest

GIVE_UP_S = 90.0
LOOK_S = 0.1
BUSY = 429
"""What a producer is answered who has to come again later."""
DIRECT = ("ingestion", "receiver")
"""Processes whose AWS never fails: a producer who is refused would have to ask again."""


@dataclass(kw_only=True)
class World:
    """A running stack, its faulty AWS, its crash points, and what was heard of it."""

    under_test: StackUnderTest
    aws: AwsFaults
    heard: Listeners
    crash: Path
    sent: dict[str, str] = field(default_factory=dict)
    """Run → the `traceparent` that its producer sent; empty for none."""
    chapters: dict[str, str] = field(default_factory=dict)
    """Names that a story gave to runs."""

    @property
    def stack(self) -> Stack:
        return self.under_test.stack

    @property
    def client(self) -> Client:
        return self.under_test.client

    def submit(self, rng: Random, traceparent: str = "", records: int = 24, **params: Any) -> str:
        """Have a small batch accepted; returns the run's id."""
        headers = {
            "authorization": f"Bearer {self.stack.api_key}", "content-type": "application/x-ndjson",
            "idempotency-key": secrets.token_hex(16),
        } | ({"traceparent": traceparent} if traceparent else {})  # fmt: skip
        content = batch(rng, records)
        while (answer := self._post(content, headers, params)).status_code == BUSY:
            Event().wait(float(answer.headers["retry-after"]))
        answer.raise_for_status()
        run_id = str(answer.json()["run_id"])
        self.sent[run_id] = traceparent
        return run_id

    def _post(self, content: bytes, headers: dict[str, str], params: dict[str, Any]) -> httpx.Response:
        return httpx.post(
            f"{self.stack.api_url}/v1/runs", content=content, headers=headers, timeout=60,
            params={"callback_url": self.stack.callback_url} | params,
        )  # fmt: skip

    def ended(self, run_id: str, attempt: int = 1) -> RunView:
        """The run once this attempt's callback has been delivered."""
        return self.client.wait(
            run_id, GIVE_UP_S,
            done=lambda run: run.attempt >= attempt and bool(run.callback and run.callback.delivered_at),
        )  # fmt: skip

    def reached(self, run_id: str, stage: str) -> None:
        """Wait until the run is in this stage."""
        self.client.wait(run_id, GIVE_UP_S, done=lambda run: any(each.name == stage for each in run.stages))

    def order(self, point: str, what: str) -> Path:
        """Have the next process that visits the point (`name` or `name@service`) do this; returns the order's file."""
        fresh = self.crash / f".{point}"
        fresh.write_text(what)
        return fresh.replace(self.crash / point)

    def spans(self) -> list[Span]:
        """Everything that was received by now."""
        return self.heard.spans()

    def eventually(self, what: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Whether it came to hold."""
        give_up = time.monotonic() + seconds
        while not what():
            if time.monotonic() > give_up:
                return False
            Event().wait(LOOK_S)
        return True


def traceparent(sampled_by_producer: bool = True, low: int | None = None) -> str:
    """A producer's trace context. `low`: the trace id's lower 64 bits, which decide what a share of traces is."""
    trace = secrets.token_hex(8) + (secrets.token_hex(8) if low is None else f"{low:016x}")
    return f"00-{trace}-{secrets.token_hex(8)}-{'01' if sampled_by_producer else '00'}"


@contextmanager
def running(
    folder: Path, given: Mapping[str, str], seed: int = 0, concurrency: int = 1, through: str = ""
) -> Iterator[World]:
    """A stack with these settings, for as long as the block lasts. `through`: another OTLP receiver, behind ours."""
    crash = folder / "crash"
    crash.mkdir(parents=True)
    with ExitStack() as until_the_end:
        heard = until_the_end.enter_context(listening(through))
        proxies = list[AwsFaults]()

        def route(server: str, url: str) -> str:
            if server == "aws" and not proxies:
                proxies.append(until_the_end.enter_context(AwsFaults(url, seed=seed)))
            return url

        def overrides(process: str) -> dict[str, str]:
            aws = {} if process in DIRECT else {"MILLRACE_AWS_ENDPOINT_URL": proxies[0].url}
            return {"MILLRACE_CRASH_DIR": str(crash)} | heard.settings | aws | dict(given)

        stack = Stack(
            folder=folder, settings=LocalSettings(concurrency=concurrency), route=route, overrides=overrides
        )  # fmt: skip
        stack.start()
        until_the_end.callback(stack.stop)
        client = until_the_end.enter_context(Client(stack.api_url, stack.api_key))
        yield World(under_test=StackUnderTest(stack=stack, client=client), aws=proxies[0], heard=heard, crash=crash)
