"""The whole journey: the sample file through a real local stack, from acceptance to the signed callback."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from redis import Redis
from rich.console import Console
from tests.bench import processes
from tests.bench.errors import BenchError
from tests.bench.figures import summary
from tests.bench.orchestration import bill
from tests.bench.servers import commands, increase, record_into, recorded

from millrace.client import Client
from millrace.contracts.api import RunView, StepView
from millrace.contracts.ids import event_id
from millrace.local.stack import Stack

PATIENCE_S = 60
LOOK_S = 0.01
SETTLE_S = 1.0
"""From the callback's arrival to its result in the run record, generously."""
COUNTED_RUNS = 2
LANGUAGE_STEP = "annotate"
REQUESTS_PER_MESSAGE = 3
"""Over SQS each message is sent, received and deleted (seen in the count over SQS; batches of messages cost less)."""


def measure(console: Console, folder: Path, runs: int) -> dict[str, Any]:
    """One run to warm up, the timed ones, then some more whose AWS requests are counted."""
    recording = record_into(folder)
    with _stack(console, folder) as (stack, started_s), Client(stack.api_url, stack.api_key) as client:
        console.log("warming up")
        first = run_once(stack, client)
        timed = []
        for number in range(runs):
            console.log(f"run {number + 1} of {runs}")
            timed.append(run_once(stack, client))
        console.log("counting AWS requests")
        aws = _count_requests(stack, client, recording)
        memory = _memory(stack)
    return {
        "runs": runs,
        "start_s": started_s,
        "first_run": first,
        "post": summary([each["post"] for each in timed]),
        "seconds": summary([each["seconds"] for each in timed]),
        "stages": _stages(timed),
        "status": Counter(each["status"] for each in timed),
        "gaps": Counter(gap for each in timed for gap in each["gaps"]),
        "language_coverage": [each["coverage"] for each in timed],
        "memory_mib": memory,
        "aws": aws,
    }


@contextmanager
def _stack(console: Console, folder: Path) -> Iterator[tuple[Stack, float]]:
    console.log("starting the stack")
    stack = Stack(folder=folder)
    began = time.monotonic()
    stack.start()
    try:
        yield stack, time.monotonic() - began
    finally:
        stack.stop()


def run_once(stack: Stack, client: Client) -> dict[str, Any]:
    """One run. The run is asked for only after its callback: nobody polls while it is timed."""
    began = time.monotonic()
    run_id = _submit(stack, client)
    post = time.monotonic() - began
    received = _callback(stack, run_id)
    view = client.run(run_id)
    if view.ended_at is None:
        raise BenchError(f"{run_id} has a callback and no end")
    stages: dict[str, tuple[datetime | None, datetime | None]] = {}
    if view.stages:
        stages["accept"] = view.stages[0].started_at, view.accepted_at
    stages |= {stage.name: (stage.joined_at, stage.started_at) for stage in view.stages}
    stages["callback"] = received, view.ended_at
    return {
        "post": post,
        "seconds": (received - view.accepted_at).total_seconds(),
        "stages": {name: (end - begin).total_seconds() for name, (end, begin) in stages.items() if end and begin},
        "status": view.status.value,
        "gaps": [f"{gap.step}: {gap.reason}" for gap in view.gaps],
        "coverage": _coverage(view),
    }


def _submit(stack: Stack, client: Client) -> str:
    with resources.as_file(resources.files("millrace.local") / "sample" / "feedback.csv") as sample:
        return client.submit_file(sample, callback_url=stack.callback_url).run_id


def _callback(stack: Stack, run_id: str) -> datetime:
    """When the consumer received the callback, by its own clock, which is this machine's."""
    kept = stack.folder / "callbacks" / f"{event_id(run_id)}.1.json"
    give_up = time.monotonic() + PATIENCE_S
    while not kept.exists():
        if time.monotonic() > give_up:
            raise BenchError(f"no callback for {run_id} within {PATIENCE_S} s")
        time.sleep(LOOK_S)
    return datetime.fromisoformat(json.loads(kept.read_text())["received_at"])


def _coverage(view: RunView) -> float | None:
    """Share of the units that the language step looked at; None when it was skipped or says nothing."""
    steps: Iterator[StepView] = (step for stage in view.stages for step in stage.steps)
    return next((step.coverage.share for step in steps if step.name == LANGUAGE_STEP and step.coverage), None)


def _stages(timed: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    names = dict.fromkeys(name for each in timed for name in each["stages"])
    return {name: summary([each["stages"][name] for each in timed if name in each["stages"]]) for name in names}


def _count_requests(stack: Stack, client: Client, recording: Path) -> dict[str, Any]:
    """AWS requests of the whole journey, ingestion and callback included; SQS's are made of the broker's messages."""
    redis = Redis.from_url(stack.environment["MILLRACE_BROKER_URL"])
    before = commands(redis)
    with recorded(stack.environment["MILLRACE_AWS_ENDPOINT_URL"], recording) as requests:
        for _ in range(COUNTED_RUNS):
            _callback(stack, _submit(stack, client))
        time.sleep(SETTLE_S)
    messages = increase(before, commands(redis)).get("lpush", 0) / COUNTED_RUNS
    redis.close()
    extra = {"sqs_request": messages * REQUESTS_PER_MESSAGE}
    return {"runs": COUNTED_RUNS, "messages_per_run": messages} | bill(requests, COUNTED_RUNS, extra)


def _memory(stack: Stack) -> dict[str, dict[str, float]]:
    """By process with its children, and in total; `servers` are moto and Redis, which production does not run."""
    used = {name: processes.memory(process) for name, process in stack.processes.items()}
    servers = [processes.memory(server.process) for server in stack.servers.values()]
    total = _sum([*used.values(), *servers])
    return used | {"servers": _sum(servers), "total": total}


def _sum(parts: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(part[name] for part in parts) for name in parts[0]}
