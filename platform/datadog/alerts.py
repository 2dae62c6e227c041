"""Objectives, how fast their budgets may burn, and the monitors of everything that is no objective.

`{slo:name}` and `{monitor:name}` in what is sent are put in by whoever sends it: Datadog gives the ids. Burn rates are
the SRE workbook's (https://sre.google/workbook/alerting-on-slos/): 2 % of a month's budget in an hour, 5 % in six, 10 %
in three days. Datadog's own burn rates look back 48 hours at most, so the third is two monitors and a composite.
https://docs.datadoghq.com/service_level_objectives/burn_rate/
"""

from typing import Any

from queries import count, highest

Json = dict[str, Any]
ENV = "env:production"
PAGE, TICKET = "@pagerduty-millrace", "@slack-millrace"
DAYS = "30d"
BURNS = (("1h", "5m", 14.4), ("6h", "30m", 6))
"""Long window, short window, rate: these page."""
SLOW_BURN = ("72h", "6h", 1)
"""This one is a ticket. Monitors take `last_72h`, and no days but `last_1d`."""

ACCEPTING: Json = {"route": "/v1/*"}
OBJECTIVES: dict[str, Json] = {
    "availability": {
        "target": 99.9,
        "says": "Requests to the API that were not answered 5xx, of all.",
        "good": count("http_request_seconds", ENV, status="!5*", **ACCEPTING),
        "all": count("http_request_seconds", ENV, **ACCEPTING),
        "look": "the health of ingestion, then at the stores that it writes to",
    },
    "latency": {
        "target": 99.0,
        "says": "Runs whose report, whole or with gaps, was written within 10 s of being accepted, of all runs that "
        "ended and had a budget of 10 s or less. Runs that failed count as late. Not counted: cancelled runs, redriven "
        "attempts, flows of a longer budget, the consumer's own time to answer, and a run until it has ended.",
        "good": count("runs_in_time", ENV),
        "all": count("runs_promised", ENV),
        "look": "the queues' oldest messages, then at the dead letters, then at the slowest stage",
    },
}


def objective(name: str) -> Json:
    """A service level objective over 30 days, by counts."""
    said = OBJECTIVES[name]
    return {
        "name": f"Millrace: {name}", "description": said["says"], "type": "metric",
        "query": {"numerator": said["good"], "denominator": said["all"]},
        "thresholds": [{"timeframe": DAYS, "target": said["target"]}], "tags": ["team:millrace"],
    }  # fmt: skip


def _monitor(name: str, kind: str, query: str, message: str, priority: int, options: Json) -> Json:
    return {
        "name": f"Millrace: {name}", "type": kind, "query": query, "message": message, "priority": priority,
        "options": options, "tags": ["team:millrace"],
    }  # fmt: skip


def burn(name: str, long: str, short: str, rate: float) -> Json:
    """Pages when the budget burns so much faster than it should, over both windows."""
    query = f'burn_rate("{{slo:{name}}}").over("{DAYS}").long_window("{long}").short_window("{short}") > {rate}'
    look = OBJECTIVES[name]["look"]
    message = f"The budget of {name} burns {rate} times too fast, for {long} and still. Look at {look}."
    return _monitor(
        f"{name} burns {rate} times too fast", "slo alert", query, f"{message} {PAGE}", 1,
        {"thresholds": {"critical": rate}, "include_tags": False},
    )  # fmt: skip


def burning(name: str, window: str) -> Json:
    """Half of the slow burn: tells nobody."""
    said = OBJECTIVES[name]
    budget = round(SLOW_BURN[2] * (1 - said["target"] / 100), 6)
    query = f"sum(last_{window}):1 - {said['good']} / {said['all']} > {budget}"
    return _monitor(
        f"{name} over {window}", "query alert", query, "Half of a composite monitor.", 5,
        {"thresholds": {"critical": budget}, "include_tags": False, "on_missing_data": "default"},
    )  # fmt: skip


def slow_burn(name: str) -> Json:
    """A ticket: the budget will be gone before the month is, and is still being spent."""
    long, short, _ = SLOW_BURN
    message = f"At this rate the month's budget of {name} is gone before the month. Look at {OBJECTIVES[name]['look']}."
    query = f"{{monitor:{name}-{long}}} && {{monitor:{name}-{short}}}"
    return _monitor(
        f"{name} burns too fast, slowly", "composite", query, f"{message} {TICKET}", 3, {"include_tags": False}
    )  # fmt: skip


def threshold(
    name: str, query: str, over: float, message: str, tell: str, below: bool = False, silent: bool = False
) -> Json:
    """A monitor of one number. `silent`: that there are no points is an alert too."""
    missing = "show_and_notify_no_data" if silent else "default"
    options: Json = {"thresholds": {"critical": over}, "include_tags": True, "on_missing_data": missing}
    priority = 1 if tell == PAGE else 3
    return _monitor(
        name, "query alert", f"{query} {'<' if below else '>'} {over}", f"{message} {tell}", priority, options
    )  # fmt: skip


def share(window: str, part: str, whole: str) -> str:
    """One count over another, over a window."""
    return f"sum(last_{window}):{part} / {whole}"


def thresholds() -> dict[str, Json]:
    """Everything that is no objective."""
    ended, called = count("runs_ended", ENV), count("callbacks", ENV)
    return {
        "oldest-message": threshold(
            "a queue's oldest message is too old",
            f"min(last_2m):{highest('queue_oldest_seconds', ENV, ('queue',))}", 10,
            "Messages of {{queue.name}} wait longer than a whole run may last. Too few workers, or none that is ready: "
            "look at its depth, its slots and what it waits for.", PAGE,
        ),
        "dead-letters": threshold(
            "there are dead letters", f"max(last_5m):{highest('dead_letters', ENV)}", 0,
            "Messages that no worker could use. `millrace dead-letters list` shows them, `return` sends them again.",
            TICKET,
        ),
        "failure-rate": threshold(
            "runs fail", share("10m", count("runs_ended", ENV, status="failed"), ended), 0.02,
            "`millrace why RUN` of one of them names the step; its service's errors are in Sentry.", PAGE,
        ),
        "partial-rate": threshold(
            "reports have gaps", share("30m", count("runs_ended", ENV, status="partial"), ended), 0.05,
            "The journey's dashboard has the gaps by step and reason.", TICKET,
        ),
        "callback-failures": threshold(
            "callbacks fail", share("15m", count("callbacks", ENV, result="!delivered"), called), 0.1,
            "Consumers answer late or wrong, or cannot be reached. One consumer alone: write to its owner.", TICKET,
        ),
        "callbacks-given-up": threshold(
            "callbacks are given up", f"sum(last_1h):{count('callbacks', ENV, result='given_up')}", 0,
            "Consumers that will never hear of a run. `docs/callbacks.md` says how they are sent again.", TICKET,
        ),
        "workers-lost": threshold(
            "workers are lost", f"sum(last_10m):{count('workers_lost', ENV, ('queue', 'reason'))}", 3,
            "Children of {{queue.name}} die ({{reason.name}}): memory, hard limits, or a part that kills its worker.",
            TICKET,
        ),
        "no-workers": threshold(
            "a queue has no workers, or nobody measures", f"max(last_5m):{highest('queue_slots', ENV, ('queue',))}", 1,
            "No live worker of {{queue.name}} has a slot; without points the orchestrator does not measure.", PAGE,
            below=True, silent=True,
        ),
        "telemetry-dropped": threshold(
            "telemetry is given up",
            f"sum(last_15m):{count('telemetry_dropped', ENV, ('service', 'signal'))}", 0,
            "{{service.name}} could not get rid of {{signal.name}}: look at the agent, fluentd or Sentry.", TICKET,
        ),
    }  # fmt: skip


def all_objectives() -> dict[str, Json]:
    """By the name of their file."""
    return {name: objective(name) for name in OBJECTIVES}


def all_monitors() -> dict[str, Json]:
    """By the name of their file."""
    found: dict[str, Json] = {}
    for name in OBJECTIVES:
        found |= {f"{name}-burn-{long}": burn(name, long, short, rate) for long, short, rate in BURNS}
        found |= {f"{name}-{window}": burning(name, window) for window in SLOW_BURN[:2] if isinstance(window, str)}
        found[f"{name}-burn-{SLOW_BURN[0]}"] = slow_burn(name)
    return found | thresholds()
