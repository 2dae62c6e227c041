"""What orchestration costs: a no-op flow through real workers, beside the same shape as a plain Celery canvas."""

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from redis import Redis
from rich.console import Console
from tests.bench import processes, systems
from tests.bench.figures import paired_ratio, summary
from tests.bench.load import Window, closed_loop, one_at_a_time
from tests.bench.noop import PARTS, SHAPE
from tests.bench.recorded import Request, Units, counts, usd_per_million
from tests.bench.servers import Servers, commands, increase, recorded, serving
from tests.bench.systems import System

IN_FLIGHT = (8, 32)
IDLE_RUNS = 20
"""Runs one at a time, by system and round."""
WARM_UP_IN_FLIGHT = 8
COUNTED_RUNS = 20
COUNTED_IN_FLIGHT = 4
IDLE_WINDOW_S = 3.0
BASE = "native"
NATIVE, JOIN, DYNAMODB, REDIS = BASE, "join", "millrace/dynamodb", "millrace/redis"
NOTES = {
    NATIVE: "plain Celery canvas, Redis result backend, ignore_result, one prefork worker -c 2, logs at WARNING",
    JOIN: "the same canvas over the durable join: what joining costs, without the orchestrator's run record",
    DYNAMODB: "production code and settings, logs at INFO; its run store is DynamoDB on moto: slow, on the same cores",
    REDIS: "the same orchestrator over a run store in Redis made for this benchmark: shows it without moto's cost",
}


@dataclass
class Measured:
    """What the rounds gave for one system."""

    idle_s: list[list[float]] = field(default_factory=list)
    """By round: seconds of runs one at a time."""
    commands: Counter[str] = field(default_factory=Counter)
    """Redis commands while runs went one at a time."""
    windows: dict[int, list[Window]] = field(default_factory=lambda: {level: [] for level in IN_FLIGHT})
    """By runs in flight, then by round."""


def measure(console: Console, folder: Path, rounds: int, seconds: float) -> dict[str, Any]:
    """Run the rounds, then count AWS requests over SQS; returns everything for the tables and the JSON."""
    with serving(folder) as servers:
        with _fleets(servers, folder) as fleets:
            for system in fleets:
                console.log(f"warming up {system.name}")
                one_at_a_time(system, 1)
                closed_loop(system, WARM_UP_IN_FLIGHT, 1, dict)
            measured = {system.name: Measured() for system in fleets}
            for number in range(rounds):
                console.log(f"round {number + 1} of {rounds}")
                # There and back, so that each system is measured early and late alike.
                _round(servers, fleets if number % 2 == 0 else fleets[::-1], measured, seconds)
        console.log("counting AWS requests over SQS")
        aws = _count_requests(servers, folder)
    return {
        "shape": SHAPE, "parts": PARTS, "rounds": rounds, "window_s": seconds, "notes": NOTES,
        "systems": _figures(measured), "aws": aws,
    }  # fmt: skip


@contextmanager
def _fleets(servers: Servers, folder: Path) -> Iterator[list[System]]:
    """All three at once: those that are not measured only wait for messages."""
    with ExitStack() as stack:
        enter: Callable[..., System] = stack.enter_context
        yield [
            enter(systems.canvas(NATIVE, "app_native", servers.environment(1), folder)),
            enter(systems.canvas(JOIN, "app_join", servers.environment(5), folder)),
            enter(systems.millrace("dynamodb", "app_dynamodb", servers.environment(2), folder, DYNAMODB)),
            enter(systems.millrace("redis", "app_redis", servers.environment(3), folder, REDIS)),
        ]


def _round(servers: Servers, fleets: list[System], measured: dict[str, Measured], seconds: float) -> None:
    """Each measurement on one system after the other, so that what is compared lies seconds apart."""
    redis = Redis.from_url(servers.redis_url)
    for system in fleets:
        before = commands(redis)
        measured[system.name].idle_s.append(one_at_a_time(system, IDLE_RUNS))
        measured[system.name].commands.update(increase(before, commands(redis)))
    for level in IN_FLIGHT:
        for system in fleets:
            window = closed_loop(system, level, seconds, partial(_cpu, servers, system))
            measured[system.name].windows[level].append(window)
    redis.close()


def _cpu(servers: Servers, system: System) -> dict[str, float]:
    used = {name: processes.cpu_seconds(process) for name, process in system.workers.items()}
    used["workers"] = sum(used.values())
    used |= {name: processes.cpu_seconds(process) for name, process in servers.processes.items()}
    return used | {"this_process": time.process_time(), "machine": processes.machine_cpu_seconds()}


def _figures(measured: dict[str, Measured]) -> dict[str, Any]:
    figures = {name: _of_system(each) for name, each in measured.items()}
    for name in figures:
        if name != BASE:
            figures[name]["ratio_to_native"] = _ratios(measured[name], measured[BASE])
    return figures


def _of_system(measured: Measured) -> dict[str, Any]:
    runs = sum(map(len, measured.idle_s))
    per_run = {name: calls / runs for name, calls in sorted(measured.commands.items())}
    # BRPOP waits for the next message, whoever it is; INFO and BLPOP are this process's own.
    waits = sum(per_run.get(name, 0.0) for name in ("brpop", "blpop", "info"))
    return {
        "idle_s": summary([seconds for each in measured.idle_s for seconds in each]),
        "messages_per_run": per_run.get("lpush", 0.0),
        "redis_commands_per_run": sum(per_run.values()) - waits,
        "redis_commands": per_run,
        "in_flight": {level: _of_windows(windows) for level, windows in measured.windows.items()},
    }


def _of_windows(windows: list[Window]) -> dict[str, Any]:
    rates = [_rate(window) for window in windows]
    return {
        "runs_per_s": median(rates), "runs_per_s_by_round": rates,
        "latency_s": summary([seconds for window in windows for seconds in window.latencies]),
        "cpu_ms_per_run": {name: median(_cpu_ms(window, name) for window in windows) for name in windows[0].cpu},
        "cores_used_by_others": median(_others(window) for window in windows),
    }  # fmt: skip


def _ratios(ours: Measured, base: Measured) -> dict[str, Any]:
    idle = [[median(each) for each in side.idle_s] for side in (ours, base)]
    ratios: dict[str, Any] = {"idle_p50": paired_ratio(*idle)}
    for level in IN_FLIGHT:
        sides = ours.windows[level], base.windows[level]
        ratios[f"runs_per_s_{level}"] = paired_ratio(*([_rate(each) for each in side] for side in sides))
        ratios[f"cpu_{level}"] = paired_ratio(*([_cpu_ms(each, "workers") for each in side] for side in sides))
    return ratios


def _others(window: Window) -> float:
    """Cores that neither this benchmark nor its fleets kept busy: above a few tenths the figures are noise."""
    known = ("workers", "redis", "moto", "this_process")
    return (window.cpu["machine"] - sum(window.cpu[name] for name in known)) / window.seconds


def _rate(window: Window) -> float:
    return window.ended / window.seconds


def _cpu_ms(window: Window, name: str) -> float:
    return window.cpu[name] / window.ended * 1000


def _count_requests(servers: Servers, folder: Path) -> dict[str, Any]:
    """AWS requests of runs over SQS and DynamoDB, which is what production uses, and of workers that wait."""
    environment = servers.environment(4, servers.sqs_url)
    with systems.millrace("sqs", "app_dynamodb", environment, folder, "millrace/sqs") as system:
        one_at_a_time(system, 3)
        with recorded(servers.moto_url, servers.recording) as waiting:
            time.sleep(IDLE_WINDOW_S)
        with recorded(servers.moto_url, servers.recording) as requests:
            for _ in range(COUNTED_RUNS // COUNTED_IN_FLIGHT):
                for _ in range(COUNTED_IN_FLIGHT):
                    system.begin()
                for _ in range(COUNTED_IN_FLIGHT):
                    system.next_ended()
            # The last messages are deleted after the news of the last run's end.
            time.sleep(1)
    return {
        "runs": COUNTED_RUNS,
        "idle_requests_per_s": {name: n / IDLE_WINDOW_S for name, n in sorted(counts(waiting).items())},
    } | bill(requests, COUNTED_RUNS)


def bill(requests: list[Request], runs: int, extra: dict[str, float] | None = None) -> dict[str, Any]:
    """Requests and billed units of one run, and what a million of them cost; `extra` are units counted elsewhere."""
    units = Units()
    for request in requests:
        units.add(request)
    per_run = {name: amount / runs for name, amount in sorted(units.used.items())} | (extra or {})
    prices = tomllib.loads((Path(__file__).parent / "prices.toml").read_text())
    return {
        "requests_per_run": {name: n / runs for name, n in sorted(counts(requests).items())},
        "units_per_run": per_run,
        "largest_item_bytes": units.largest_item,
        "usd_per_million_runs": usd_per_million(per_run, prices),
    }
