"""`python tests/contracts/record.py`: record an example of every task's messages that has none yet.

An example is written once per task and version and never changed: it stands for messages that are in queues and
stores when the next release starts. The JSON schemas of the report and the callback and the API's description
(`docs/openapi.json`) are written anew each time: the difference is what a reviewer looks at.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from millrace.contracts import catalogue
from millrace.contracts.artifacts import JSON, PARQUET, ArtifactRef
from millrace.contracts.base import Message
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.endpoints import ProbeBody
from millrace.contracts.ids import endpoint_id, event_id
from millrace.contracts.messages import Advance, Cancel, Deliver, FanOut, PartMessage, Probe, Redrive, RunMessage
from millrace.contracts.outcome import Coverage, Outcome, OutcomeStatus, Reason, Timings
from millrace.contracts.report import CallbackBody, Report
from millrace.contracts.run import Gap, RunContext, StepContext
from millrace.contracts.tables import Table

EXAMPLES = Path(__file__).parents[2] / "libs" / "contracts" / "examples"
SCHEMAS = EXAMPLES.parent / "schemas"
OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"
RUN_ID = "run_01M80000000000000000000000"
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HEAD: dict[str, Any] = {"tenant": "acme", "run_id": RUN_ID, "attempt": 1, "traceparent": TRACE}


def folder(spec: TaskSpec[Any]) -> Path:
    """Where a task's examples of its present version are."""
    return EXAMPLES / spec.name / f"v{spec.version}"


def control_message(spec: TaskSpec[Any]) -> RunMessage:
    """An example of a control task's message."""
    if spec is catalogue.ADVANCE:
        return Advance(**HEAD, stage="datasets")
    if spec is catalogue.CANCEL:
        return Cancel(**HEAD, reason="sent twice")
    if spec is catalogue.REDRIVE:
        return Redrive(**HEAD, start="annotate")
    if spec is catalogue.FAN_OUT:
        return FanOut(**HEAD, stage="datasets", only=("ratings.0",))
    if spec is catalogue.PROBE:
        return Probe(**HEAD, endpoint_id=endpoint_id("acme", "https://example.com/hook"), event_id=event_id(RUN_ID))
    return Deliver(**HEAD, event_id=event_id(RUN_ID), delivery=2)


def part_message(spec: TaskSpec[Any]) -> PartMessage:
    """An example of a part's message, with every input that the task takes."""
    fields = spec.input.model_fields
    inputs = {name: (_artifact(name),) for name, field in fields.items() if "ArtifactRef" in str(field.annotation)}
    params: dict[str, Any] = {"run": _context().model_dump(mode="json")} if "run" in fields else {}
    if "max_chunks" in fields:
        params["max_chunks"] = 4
    return PartMessage(
        **HEAD, stage="stage", step="step", part=1, parts=4, deadline_at=AT + timedelta(seconds=10),
        stage_deadline_at=AT + timedelta(seconds=5), allowance_s=1.5, published_at=AT, inputs=inputs, params=params,
    )  # fmt: skip


def outcome(spec: TaskSpec[Any], status: OutcomeStatus) -> Outcome:
    """An example of what a part reports."""
    ok = status is OutcomeStatus.SUCCEEDED
    return Outcome(
        step="step", part=1, status=status,
        reason=None if ok else Reason(code="soft_time_limit", detail="", retryable=True),
        artifacts={name: (_artifact(name, output.content),) for name, output in spec.outputs.items()} if ok else {},
        coverage=Coverage(seen=8, total=10) if ok else None, facts={"rows": 10}, worker="host:42", deliveries=1,
        timings=Timings(published_at=AT, started_at=AT, ended_at=AT + timedelta(seconds=1), read_s=0.1, write_s=0.2),
    )  # fmt: skip


def _artifact(name: str, content: Table | type[Message] | None = None) -> ArtifactRef:
    table = isinstance(content, Table)
    return ArtifactRef(
        tier="hot", key=f"{RUN_ID}/stage/step/00001/0123456789abcdef/{name}.0", sha256="ab" * 32, size=1024,
        media_type=PARQUET if table else JSON, schema_name=f"{name}/1", rows=10 if table else None,
    )  # fmt: skip


def _context() -> RunContext:
    return RunContext(
        run_id=RUN_ID, tenant="acme", flow="customer-feedback", flow_version=1, attempt=1, records=10, accepted_at=AT,
        batch_sha256="cd" * 32, gaps=(Gap(step="operations", reason="deadline_passed", effect="no reply times"),),
        steps=(
            StepContext(
                stage="datasets", step="ratings", status=OutcomeStatus.SUCCEEDED, parts=1, seconds=0.5,
                coverage=Coverage(seen=10, total=10), facts={"rated": 10},
            ),
        ),
    )  # fmt: skip


def _write(path: Path, message: Message) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(message.model_dump(mode="json"), indent=2) + "\n")


def schema(model: type[Message]) -> str:
    """What a consumer may rely on, as JSON Schema."""
    return json.dumps(model.model_json_schema(mode="serialization"), indent=2) + "\n"


def schemas() -> dict[Path, str]:
    """The schemas of what consumers are given, by file."""
    return {
        SCHEMAS / f"report.v{Report.model_fields['schema_version'].default}.json": schema(Report),
        SCHEMAS / "callback.v1.json": schema(CallbackBody),
        SCHEMAS / "callback_test.v1.json": schema(ProbeBody),
    }


def api() -> FastAPI:
    """The API as its tests have it: with every route, over stores in memory."""
    # Neither a script nor a test of this folder finds modules from the repository's root.
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.append(root)
    from services.ingestion.tests.component.world import World

    return World().app


def openapi() -> str:
    """The API's description, as the app itself gives it."""
    return json.dumps(api().openapi(), indent=2) + "\n"


def main() -> None:
    """Write what is missing, and the schemas as they are now."""
    SCHEMAS.mkdir(exist_ok=True)
    OPENAPI.write_text(openapi())
    for path, text in schemas().items():
        path.write_text(text)
    for spec in catalogue.CONTROL:
        _write(folder(spec) / "message.json", control_message(spec))
    for spec in catalogue.PARTS:
        _write(folder(spec) / "message.json", part_message(spec))
        _write(folder(spec) / "outcome.json", outcome(spec, OutcomeStatus.SUCCEEDED))
        _write(folder(spec) / "timed_out.json", outcome(spec, OutcomeStatus.TIMED_OUT))


if __name__ == "__main__":
    main()
