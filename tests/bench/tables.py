"""The figures as tables for a person at a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table


def machine(console: Console, facts: dict[str, Any]) -> None:
    """One line of facts."""
    packages = " ".join(f"{name} {version}" for name, version in facts["packages"].items())
    console.print(
        f"{facts['system']}, {facts['cores']} cores, {facts['memory_gib']} GiB, Python {facts['python']}, {packages}; "
        f"load before {facts['load_average_before']}", highlight=False,
    )  # fmt: skip


def orchestration(console: Console, result: dict[str, Any]) -> None:
    """Medians by system, ratios to the native canvas, CPU by who used it, and AWS requests."""
    shape = " + ".join(map(str, result["shape"]))
    table = Table(
        title=f"Orchestration: {shape} no-op parts with 1 KiB, median of {result['rounds']} interleaved rounds"
    )
    columns = ["system", "idle p50 ms", "p95 ms", "messages", "redis commands"]
    levels = list(next(iter(result["systems"].values()))["in_flight"])
    columns += [text for level in levels for text in (f"runs/s ({level} in flight)", "CPU ms/run")]
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for name, each in result["systems"].items():
        table.add_row(name, *_system_row(each))
        if "ratio_to_native" in each:
            table.add_row(*_ratio_row(each["ratio_to_native"], levels), style="dim")
    console.print(table)
    for name, note in result["notes"].items():
        console.print(f"  {name}: {note}", highlight=False)
    _cpu(console, result)
    _aws(console, "AWS requests of orchestration (over SQS and DynamoDB, no ingestion, no callback)", result["aws"])
    waiting = ", ".join(f"{name} {rate:.1f}" for name, rate in result["aws"]["idle_requests_per_s"].items())
    console.print(f"  while idle, per second (sweep and long polls of three workers): {waiting}", highlight=False)


def _system_row(each: dict[str, Any]) -> list[str]:
    idle = each["idle_s"]
    row = [f"{idle['p50'] * 1000:.1f}", f"{idle['p95'] * 1000:.1f}"]
    row += [f"{each['messages_per_run']:.1f}", f"{each['redis_commands_per_run']:.0f}"]
    for level in each["in_flight"].values():
        row += [f"{level['runs_per_s']:.1f}", f"{level['cpu_ms_per_run']['workers']:.1f}"]
    return row


def _ratio_row(ratio: dict[str, float], levels: list[int]) -> list[str]:
    row = ["  to native", f"{ratio['idle_p50']:.2f}x", "", "", ""]
    for level in levels:
        row += [f"{ratio[f'runs_per_s_{level}']:.2f}x", f"{ratio[f'cpu_{level}']:.2f}x"]
    return row


def _cpu(console: Console, result: dict[str, Any]) -> None:
    level = max(next(iter(result["systems"].values()))["in_flight"])
    names = ["orchestration", "distribution", "parts", "workers", "redis", "moto", "this_process"]
    table = Table("system", *names, title=f"CPU ms per run by who used it ({level} in flight)")
    for name, each in result["systems"].items():
        used = each["in_flight"][level]["cpu_ms_per_run"]
        table.add_row(name, *(f"{used[part]:.1f}" if part in used else "-" for part in names))
    console.print(table)


def _aws(console: Console, title: str, aws: dict[str, Any]) -> None:
    table = Table("request", "per run", title=title)
    for name, amount in aws["requests_per_run"].items():
        table.add_row(name, f"{amount:.2f}")
    console.print(table)
    priced = Table("billed unit", "per run", "USD per million runs")
    for unit, usd in aws["usd_per_million_runs"].items():
        amount = aws["units_per_run"].get(unit)
        priced.add_row(unit, "" if amount is None else f"{amount:.2f}", f"{usd:.2f}")
    console.print(priced)


def journey(console: Console, result: dict[str, Any]) -> None:
    """Accept to callback, by stage; coverage; memory; AWS requests."""
    table = Table("seconds", "p50", "p95", "max", title=f"Journey of the sample file, {result['runs']} runs after one")
    for name, each in {"accept to callback": result["seconds"], **result["stages"]}.items():
        table.add_row(name, *(f"{each[figure]:.2f}" for figure in ("p50", "p95", "max")))
    console.print(table)
    shares = ", ".join("-" if share is None else f"{share:.0%}" for share in result["language_coverage"])
    console.print(f"  states {dict(result['status'])}, gaps {dict(result['gaps'])}", highlight=False)
    console.print(f"  language step looked at {shares} of the units", highlight=False)
    console.print(f"  start {result['start_s']:.1f} s, first run {result['first_run_s']:.2f} s", highlight=False)
    _memory(console, result["memory_mib"])
    _aws(console, f"AWS requests of the journey ({result['aws']['messages_per_run']:.1f} messages)", result["aws"])


def _memory(console: Console, memory: dict[str, dict[str, float]]) -> None:
    columns = ["processes", *(name for name in ("pss", "rss") if name in memory["total"])]
    table = Table("MiB after the runs", *columns, title="Memory of the stack")
    for name, each in memory.items():
        table.add_row(name, *(f"{each[column]:.0f}" for column in columns))
    console.print(table)
