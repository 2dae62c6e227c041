"""Write what Elasticsearch and Kibana are told of our log: `python platform/elk/make.py`.

The fields are those of `millrace.telemetry.attributes`; here they get their types, and dashboards that show them.
"""

import json
from pathlib import Path
from typing import Any

from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.fluentd import ID

HERE = Path(__file__).parent
STREAM = "logs-millrace"
"""The data stream; what begins with it is ours."""

NUMBERS = {
    "args", "attempt", "children", "count", "deleted", "dispatches", "embedded", "exit_code", "left_out", "missing",
    "orphans", "part", "parts", "pid", "records", "refs", "retries", "rows", "status_code", "steps", "times", "units",
}  # fmt: skip
FRACTIONS = {"coverage", "deadline_s", "duration_s", "retry_after_s", "seconds", "waited_s", "waiting_s"}
ALWAYS = {"level", "logger", "traceback", "trace_id", "span_id", ID} | {
    f"dd.{name}" for name in ("trace_id", "span_id", "service", "env", "version")
}
"""What lines have beside the fields that a call gives."""

JOURNEY = ("run_accepted", "run_moved", "stage_published", "run_overdue", "callback_attempted")
"""Actions that tell how a run goes on."""

Thing = dict[str, Any]


def type_of(field: str) -> Thing:
    """What Elasticsearch makes of a field."""
    if field in NUMBERS:
        return {"type": "long"}
    if field in FRACTIONS:
        return {"type": "double"}
    # A keyword that is too long is kept and not found; it breaks nothing.
    special = {"redelivered": {"type": "boolean"}, "kwargs": {"type": "flattened"}}
    return special.get(field, {"type": "keyword", "ignore_above": 1024})


def mappings() -> Thing:
    """Every field by its type. Others are kept with their line and not indexed: a newer release must not be refused."""
    properties = {name: type_of(name) for name in sorted((FIELDS - {"name"}) | ALWAYS)}
    moments = {"@timestamp": {"type": "date_nanos"}, "at": {"type": "date"}, "message": {"type": "match_only_text"}}
    return {"dynamic": False, "properties": moments | properties}


def templates() -> dict[str, Thing]:
    """File → what it holds, in the words of Elasticsearch's API."""
    settings = {"index.lifecycle.name": "millrace-logs", "index.mapping.ignore_malformed": True}
    phases = {
        "hot": {"actions": {"rollover": {"max_age": "1d", "max_primary_shard_size": "30gb"}}},
        "delete": {"min_age": "30d", "actions": {"delete": {}}},
    }
    return {
        "lifecycle": {"policy": {"phases": phases}},
        "component-template": {"template": {"settings": settings, "mappings": mappings()}},
        "index-template": {
            "index_patterns": [f"{STREAM}*"], "data_stream": {}, "composed_of": ["millrace-logs"], "priority": 500
        },
    }  # fmt: skip


def view(kind: str, name: str, attributes: Thing, references: list[Thing], version: str) -> Thing:
    """A saved object, as Kibana exports it; it brings what is of an older release up to date by itself."""
    return {
        "type": kind, "id": name, "attributes": attributes, "references": references,
        "migrationVersion": {kind: version}, "coreMigrationVersion": "7.14.0",
    }  # fmt: skip


def source(query: str) -> Thing:
    """Where a panel looks, in Kibana's query language."""
    found = {"query": query, "language": "kuery"}
    index = "kibanaSavedObjectMeta.searchSourceJSON.index"
    return {"searchSourceJSON": json.dumps({"query": found, "filter": [], "indexRefName": index})}


OUR_INDEX = [
    {"name": "kibanaSavedObjectMeta.searchSourceJSON.index", "type": "index-pattern", "id": "millrace-logs"}
]  # fmt: skip


def lines(name: str, title: str, query: str, columns: list[str], order: str = "desc") -> Thing:
    """A panel of lines."""
    attributes = {
        "title": title, "columns": columns, "sort": [["@timestamp", order]], "kibanaSavedObjectMeta": source(query)
    }  # fmt: skip
    return view("search", name, attributes, OUR_INDEX, "7.9.3")


def by(number: int, field: str, size: int = 50) -> Thing:
    """A grouping by a field."""
    params = {"field": field, "size": size, "order": "desc", "orderBy": "1", "missingBucket": False}
    return {"id": str(number), "enabled": True, "type": "terms", "schema": "bucket", "params": params}


def measure(number: int, kind: str, field: str = "", **more: Any) -> Thing:
    """A number of a group."""
    params = ({"field": field} if field else {}) | more
    return {"id": str(number), "enabled": True, "type": kind, "schema": "metric", "params": params}


def table(name: str, title: str, query: str, *aggs: Thing) -> Thing:
    """A panel of groups and their numbers."""
    state = {"title": title, "type": "table", "aggs": list(aggs), "params": {"perPage": 20, "showPartialRows": False}}
    attributes = {
        "title": title, "visState": json.dumps(state), "uiStateJSON": "{}", "kibanaSavedObjectMeta": source(query)
    }  # fmt: skip
    return view("visualization", name, attributes, OUR_INDEX, "7.14.0")


def dashboard(name: str, title: str, *panels: Thing) -> Thing:
    """Panels below each other."""
    placed = [
        {
            "version": "7.14.0", "type": panel["type"], "panelIndex": str(row), "panelRefName": f"panel_{row}",
            "gridData": {"x": 0, "y": 15 * row, "w": 48, "h": 15, "i": str(row)}, "embeddableConfig": {},
        }
        for row, panel in enumerate(panels)
    ]  # fmt: skip
    attributes = {
        "title": title, "panelsJSON": json.dumps(placed), "optionsJSON": "{}", "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}})},
    }  # fmt: skip
    references = [
        {"name": f"{row}:panel_{row}", "type": panel["type"], "id": panel["id"]} for row, panel in enumerate(panels)
    ]
    return view("dashboard", name, attributes, references, "7.14.0")


def objects() -> list[Thing]:
    """Everything that Kibana imports: what is referred to first."""
    index = view("index-pattern", "millrace-logs", {"title": f"{STREAM}*", "timeFieldName": "@timestamp"}, [], "7.11.0")
    ended, at = 'action:"task_ended"', ["service", "action", "status", "reason"]
    slowest = measure(2, "percentiles", "duration_s", percents=[50, 95, 99])
    waits = measure(3, "percentiles", "waited_s", percents=[50, 95, 99])
    boards: dict[str, tuple[str, list[Thing]]] = {
        "journey": ("Millrace: the journey", [
            lines(
                "millrace-journey", "Runs as they go",
                " or ".join(f'action:"{action}"' for action in JOURNEY),
                ["run_id", *at, "stage", "flow"],
            ),
            table("millrace-ends", "Messages by task and end", ended, measure(1, "count"),
                  by(4, "task"), by(5, "status")),
            table("millrace-retries", "What is tried again, and why", 'action:"task_retried"', measure(1, "count"),
                  by(4, "task"), by(5, "reason")),
        ]),
        "errors": ("Millrace: errors", [
            table("millrace-faults", "Errors by service and kind", "level:(error or critical)", measure(1, "count"),
                  by(4, "service"), by(5, "action"), by(6, "error")),
            table("millrace-lost", "Children that were killed or died", 'action:"worker_lost"', measure(1, "count"),
                  by(4, "task"), by(5, "reason")),
            lines("millrace-failures", "Errors, the newest first", "level:(error or critical)",
                  [*at, "error", "run_id", "step", "part", "trace_id", "traceback"]),
        ]),
        "slow": ("Millrace: slow tasks by service", [
            table("millrace-slow", "Seconds at work and in the queue", ended, measure(1, "count"), slowest, waits,
                  by(4, "service"), by(5, "task")),
            lines("millrace-slowest", "Messages of more than two seconds", f"{ended} and duration_s > 2",
                  ["service", "task", "duration_s", "waited_s", "status", "run_id", "step", "part", "worker"]),
        ]),
        "run": ("Millrace: one run", [
            table("millrace-steps", "Its messages", f"{ended} and run_id:*", measure(1, "sum", "duration_s"),
                  measure(2, "max", "waited_s"), measure(3, "max", "retries"), by(4, "step"), by(5, "status")),
            lines("millrace-run", "Its lines, in their order", "run_id:*",
                  [*at, "stage", "step", "part", "attempt", "duration_s", "waited_s", "worker", "trace_id"], "asc"),
        ]),
    }  # fmt: skip
    made = [index]
    for name, (title, panels) in boards.items():
        made += [*panels, dashboard(f"millrace-{name}-board", title, *panels)]
    return made


def files() -> dict[str, str]:
    """Name → text of each file."""
    made = {f"{name}.json": json.dumps(content, indent=2) + "\n" for name, content in templates().items()}
    return made | {"dashboards.ndjson": "".join(json.dumps(each) + "\n" for each in objects())}


if __name__ == "__main__":
    for file, text in files().items():
        (HERE / file).write_text(text)
