"""A dashboard for each service, all of one shape, and one for the way of a run through all of them."""

from typing import Any

from queries import SPECS, count, highest, spread

from millrace.contracts.services import DEPLOYMENTS
from millrace.telemetry.table import ALL, MetricSpec, Type

Json = dict[str, Any]
ENV = "$env"
_PERCENTILES = ("p50", "p95", "p99")
_SHARED = {"http_request_seconds", "task_seconds", "task_wait_seconds", "queue_depth", "queue_in_flight", "queue_slots",
           "queue_oldest_seconds", "task_retries", "task_redeliveries", "workers_lost", "telemetry_sent",
           "telemetry_dropped"}  # fmt: skip
"""Metrics that each service's dashboard shows anyway."""


def lines(title: str, queries: dict[str, str], formula: str = "", shown: str = "line") -> Json:
    """A widget of lines (or `bars`, `area`): each query by its name, or what the formula makes of them."""
    named = {f"q{number}": query for number, query in enumerate(queries.values())}
    aliases = dict(zip(queries, named, strict=True))
    formulas = [{"alias": alias, "formula": name} for alias, name in aliases.items()]
    if formula:
        formulas = [{"alias": title, "formula": formula.format(**aliases)}]
    request = {
        "response_format": "timeseries",
        "queries": [{"data_source": "metrics", "name": name, "query": query} for name, query in named.items()],
        "formulas": formulas,
        "display_type": shown,
    }
    return {"definition": {"type": "timeseries", "title": title, "show_legend": True, "requests": [request]}}


def group(title: str, *widgets: Json) -> Json:
    """Widgets under one heading."""
    return {"definition": {"type": "group", "layout_type": "ordered", "title": title, "widgets": list(widgets)}}


def note(text: str) -> Json:
    """A few words for whoever looks."""
    return {"definition": {"type": "note", "content": text}}


def objective(name: str) -> Json:
    """How an objective stands. `{slo:name}` is put in when it is sent: Datadog gives the id."""
    return {
        "definition": {
            "type": "slo", "view_type": "detail", "slo_id": f"{{slo:{name}}}", "show_error_budget": True,
            "view_mode": "overall", "time_windows": ["7d", "30d"],
        }
    }  # fmt: skip


def dashboard(title: str, description: str, *widgets: Json) -> Json:
    """A dashboard of one environment at a time."""
    return {
        "title": title, "description": description, "layout_type": "ordered", "tags": ["team:millrace"],
        "template_variables": [{"name": "env", "prefix": "env", "defaults": ["production"]}], "widgets": list(widgets),
    }  # fmt: skip


def percentiles(title: str, metric: str, scope: str, by: tuple[str, ...] = (), **where: str) -> Json:
    """Median, p95 and p99 of a histogram; by a label, only p95."""
    spaces = ("p95",) if by else _PERCENTILES
    return lines(title, {space: spread(metric, space, scope, by, **where) for space in spaces})


def _red(service: str, scope: str) -> Json:
    if service == "ingestion":
        metric, bad, by = "http_request_seconds", {"status": "5*"}, ("route",)
    else:
        metric, bad, by = "task_seconds", {"status": "!succeeded"}, ("task",)
    share = {"bad": count(metric, scope, **bad), "all": count(metric, scope)}
    return group(
        "Rate, errors, duration",
        lines("Per second", {"rate": count(metric, scope, by, rate=True)}, shown="bars"),
        lines("By how they ended", {"ended": count(metric, scope, ("status",))}, shown="bars"),
        lines("Share that did not succeed, %", share, "100 * {bad} / {all}"),
        percentiles("Seconds", metric, scope),
        percentiles("Seconds, p95", metric, scope, by),
    )  # fmt: skip


def _use(queue: str, scope: str) -> Json:
    used = {"held": highest("queue_in_flight", ENV, queue=queue), "slots": highest("queue_slots", ENV, queue=queue)}
    return group(
        f"Queue {queue}",
        lines("Slots in use, %", used, "100 * {held} / {slots}"),
        lines("Waiting", {"depth": highest("queue_depth", ENV, queue=queue)}, shown="area"),
        lines("Oldest, seconds", {"age": highest("queue_oldest_seconds", ENV, queue=queue)}),
        percentiles("Waited, seconds", "task_wait_seconds", scope, queue=queue),
        lines("Tried again", {
            "retries": count("task_retries", scope, queue=queue),
            "redeliveries": count("task_redeliveries", scope, queue=queue),
        }, shown="bars"),
        lines("Workers lost", {"lost": count("workers_lost", scope, ("reason",), queue=queue)}, shown="bars"),
    )  # fmt: skip


def own(spec: MetricSpec, scope: str) -> Json:
    """A metric as its kind is best looked at."""
    title = f"{spec.says} ({spec.unit})"
    if spec.type is Type.COUNTER:
        return lines(title, {spec.name: count(spec.name, scope, spec.labels)}, shown="bars")
    if spec.type is Type.GAUGE:
        return lines(title, {spec.name: highest(spec.name, scope, spec.labels)})
    return percentiles(title, spec.name, scope, spec.labels)


def of_service(service: str) -> Json:
    """RED of the service, USE of its queues, and whatever else the table says that it measures."""
    scope = f"{ENV},service:{service}"
    queues = [each.queue for each in DEPLOYMENTS if each.service == service and each.queue]
    mine = [spec for spec in SPECS.values() if service in spec.services and spec.name not in _SHARED]
    telemetry = group(
        "Telemetry",
        lines("Taken", {"sent": count("telemetry_sent", scope, ("signal",))}, shown="bars"),
        lines("Given up", {"dropped": count("telemetry_dropped", scope, ("signal", "reason"))}, shown="bars"),
    )
    more = [group("Its own", *(own(spec, scope) for spec in mine))] if mine else []
    return dashboard(
        f"Millrace: {service}", f"Rate, errors and duration of {service}, use of its queues, and its own numbers.",
        _red(service, scope), *(_use(queue, scope) for queue in queues), *more, telemetry,
    )  # fmt: skip


def journey() -> Json:
    """From the request to the callback."""
    runs = {"ended": count("runs_ended", ENV, ("status",))}
    in_time = {"in_time": count("runs_in_time", ENV), "promised": count("runs_promised", ENV)}
    cost = {"cost": count("run_cost_usd", ENV), "ended": count("runs_ended", ENV)}
    return dashboard(
        "Millrace: the way of a run", "From the request to the consumer's answer: `millrace why RUN` for a single run.",
        group("Objectives", objective("availability"), objective("latency")),
        group(
            "Runs",
            lines("Accepted per second", {"accepted": count("runs_accepted", ENV, ("flow",), rate=True)}, shown="bars"),
            lines("Ended", runs, shown="bars"),
            lines("In time, %", in_time, "100 * {in_time} / {promised}"),
            percentiles("Accepting, seconds", "http_request_seconds", ENV, route="/v1/runs"),
            percentiles("Attempts, seconds", "run_seconds", ENV),
            lines("Carried on by the sweep", {"runs": count("runs_taken_over", ENV)}, shown="bars"),
        ),
        group(
            "Where the time goes",
            percentiles("Stages, p95 seconds", "stage_seconds", ENV, ("stage",)),
            percentiles("Longest wait of a stage, p95 seconds", "stage_wait_seconds", ENV, ("stage",)),
            percentiles("Longest work of a stage, p95 seconds", "stage_work_seconds", ENV, ("stage",)),
            percentiles("In queues, p95 seconds", "task_wait_seconds", ENV, ("queue",)),
            lines("Oldest message, seconds", {"age": highest("queue_oldest_seconds", ENV, ("queue",))}),
            percentiles("Callbacks, p95 seconds", "callback_seconds", ENV, ("status",)),
        ),
        group(
            "What runs are worth",
            lines("Coverage", {space: spread("run_coverage", space, ENV) for space in ("avg", "p50", "min")}),
            lines("Gaps", {"gaps": count("gaps", ENV, ("step", "reason"))}, shown="bars"),
            lines("USD per attempt", cost, "{cost} / {ended}"),
            lines("Callbacks", {"ended": count("callbacks", ENV, ("result",))}, shown="bars"),
        ),
        group(
            "What went wrong",
            lines("Tried again", {"retries": count("task_retries", ENV, ("queue",))}, shown="bars"),
            lines("Came again", {"redeliveries": count("task_redeliveries", ENV, ("queue",))}, shown="bars"),
            lines("Workers lost", {"lost": count("workers_lost", ENV, ("queue", "reason"))}, shown="bars"),
            lines("Dead letters", {"letters": highest("dead_letters", ENV)}),
            lines("Telemetry given up", {"dropped": count("telemetry_dropped", ENV, ("signal", "reason"))}),
        ),
    )  # fmt: skip


def all_dashboards() -> dict[str, Json]:
    """By the name of their file."""
    return {"journey": journey()} | {service: of_service(service) for service in ALL}
