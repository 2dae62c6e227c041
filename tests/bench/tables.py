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
    title = f"{shape} no-op parts with 1 KiB; medians of {result['rounds']} interleaved rounds (x: to native)"
    table = Table("", *result["systems"], title=title)
    columns = [_column(each) for each in result["systems"].values()]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    console.print(table)
    for name, note in result["notes"].items():
        console.print(f"  {name}: {note}", highlight=False)
    _cpu(console, result)
    _aws(console, "AWS requests per run, over SQS and DynamoDB; no ingestion, no callback", result["aws"])
    waiting = ", ".join(f"{name} {rate:.1f}" for name, rate in result["aws"]["idle_requests_per_s"].items())
    console.print(f"  while idle, per second (sweep and long polls of three workers): {waiting}", highlight=False)


def _column(each: dict[str, Any]) -> dict[str, str]:
    ratio = {name: f" ({value:.2f}x)" for name, value in each.get("ratio_to_native", {}).items()}
    idle = each["idle_s"]
    column = {
        "idle p50 ms": f"{idle['p50'] * 1000:.1f}{ratio.get('idle_p50', '')}",
        "idle p95 ms": f"{idle['p95'] * 1000:.1f}",
        "messages per run": f"{each['messages_per_run']:.1f}",
        "Redis commands per run": f"{each['redis_commands_per_run']:.0f}",
    }
    for level, under in each["in_flight"].items():
        cpu, latency = under["cpu_ms_per_run"]["workers"], under["latency_s"]
        column |= {
            f"runs/s, {level} in flight": f"{under['runs_per_s']:.1f}{ratio.get(f'runs_per_s_{level}', '')}",
            f"CPU ms/run, {level} in flight": f"{cpu:.1f}{ratio.get(f'cpu_{level}', '')}",
            f"others' cores, {level} in flight": f"{under['cores_used_by_others']:.1f}",
            f"p50 / p95 ms, {level} in flight": f"{latency['p50'] * 1000:.0f} / {latency['p95'] * 1000:.0f}",
        }
    return column


def _cpu(console: Console, result: dict[str, Any]) -> None:
    names = {
        "orchestration": "orchestration worker", "distribution": "distribution worker", "parts": "task worker",
        "workers": "all workers", "redis": "Redis", "moto": "moto", "this_process": "this process",
    }  # fmt: skip
    level = max(next(iter(result["systems"].values()))["in_flight"])
    table = Table("CPU ms per run", *result["systems"], title=f"Who uses the CPU, {level} in flight")
    used = [each["in_flight"][level]["cpu_ms_per_run"] for each in result["systems"].values()]
    for name, label in names.items():
        table.add_row(label, *(f"{each[name]:.1f}" if name in each else "-" for each in used))
    console.print(table)


def _aws(console: Console, title: str, aws: dict[str, Any]) -> None:
    table = Table("", "per run", "USD per million runs", title=title)
    for name, amount in aws["requests_per_run"].items():
        table.add_row(name, f"{amount:.2f}")
    table.add_section()
    for unit, usd in aws["usd_per_million_runs"].items():
        amount = aws["units_per_run"].get(unit)
        name = unit if amount is None else f"billed: {unit}"
        table.add_row(name, "" if amount is None else f"{amount:.2f}", f"{usd:.2f}")
    console.print(table)
    console.print(f"  largest run record: {aws['largest_item_bytes']} bytes of 400 KiB", highlight=False)


def journey(console: Console, result: dict[str, Any]) -> None:
    """Accept to callback, by stage; coverage; memory; AWS requests."""
    title = f"Journey of the sample file, {result['runs']} runs after a first"
    table = Table("seconds", "p50", "p95", "max", "first run", title=title)
    first = result["first_run"]
    for name, each in {"accept to callback": result["seconds"], **result["stages"]}.items():
        alone = first["seconds"] if name == "accept to callback" else first["stages"].get(name, 0.0)
        table.add_row(name, *_spread(each), f"{alone:.2f}")
    table.add_section()
    table.add_row("POST until 202", *_spread(result["post"]), f"{first['post']:.2f}")
    console.print(table)
    shares = ", ".join("-" if share is None else f"{share:.0%}" for share in result["language_coverage"])
    console.print(f"  states {dict(result['status'])}, gaps {dict(result['gaps'])}", highlight=False)
    console.print(f"  language step looked at {shares} of the units", highlight=False)
    console.print(f"  the stack was ready after {result['start_s']:.1f} s", highlight=False)
    _memory(console, result["memory_mib"])
    title = f"AWS requests per run of the journey ({result['aws']['messages_per_run']:.1f} messages on Redis)"
    _aws(console, title, result["aws"])


def _spread(each: dict[str, float]) -> list[str]:
    return [f"{each[figure]:.2f}" for figure in ("p50", "p95", "max")]


def _memory(console: Console, memory: dict[str, dict[str, float]]) -> None:
    columns = ["processes", *(name for name in ("pss", "rss") if name in memory["total"])]
    table = Table("MiB after the runs", *columns, title="Memory of the stack")
    for name, each in memory.items():
        table.add_row(name, *(f"{each[column]:.0f}" for column in columns))
    console.print(table)


def front(console: Console, result: dict[str, Any]) -> None:
    """The accepting path beside an empty handler, and its latency on local servers."""
    share, latency = result["share"], result["latency"]
    size = f"{result['body_bytes'] / 1024:.0f} KiB, {result['records']} records"
    title = f"Accepting {size}, stores stubbed; medians of {share['rounds']} interleaved rounds"
    table = Table("", "requests/s", "CPU us per request", "accepting's share of it", title=title)
    for name, each in share["medians"].items():
        ratio = share["ratios"].get(f"of {name}")
        of_it = "" if ratio is None else f"{ratio:.2f}"
        table.add_row(name, f"{each['per_s']:.0f}", f"{each['cpu_us']:.0f}", of_it)
    console.print(table)
    table = Table("ms", *latency["ms"], title=f"Accepting at {latency['per_s']:g} requests/s on moto and Redis")
    table.add_row("from due to answered", *(f"{each:.1f}" for each in latency["ms"].values()))
    console.print(table)
    cpu = ", ".join(f"{name} {each:.1f}" for name, each in latency["cpu_ms_per_request"].items())
    console.print(f"  not accepted {latency['refused_share']:.1%}; CPU ms per request: {cpu}", highlight=False)


def telemetry(console: Console, result: dict[str, Any]) -> None:
    """With and without: CPU and time of the journey, and time of no-op runs."""
    title = f"Telemetry against none, journey of the sample; {result['rounds']} x {result['runs_per_window']} runs each"
    table = Table("", "CPU s per run", "without", "ratio (median)", "p50 s", "without", "p99 s", "without", title=title)
    for name, each in result["journey"].items():
        cpu, seconds = each["cpu_s_per_run"], each["seconds"]
        spread = [f"{seconds[side][share]:.2f}" for share in ("p50", "p99") for side in ("on", "off")]
        table.add_row(name, f"{cpu['on']:.3f}", f"{cpu['off']:.3f}", f"{each['cpu_ratio']:.3f}", *spread)
    console.print(table)
    no_op = result["no_op"]
    title = f"Single messages of {no_op['runs']} no-op runs, one run at a time, since they were sent (more than off)"
    columns = [f"{until} {share}" for until in ("done", "let go") for share in ("p50", "p99")]
    table = Table("ms", "messages", *columns, title=title)
    for name, each in no_op["ms"].items():
        figures = [
            f"{each[until][share]:.1f} ({each[until][f'{share}_more']:+.1f})"
            for until in ("done", "let_go") for share in ("p50", "p99")
        ]  # fmt: skip
        table.add_row(name, str(no_op["messages"][name]), *figures)
    console.print(table)
