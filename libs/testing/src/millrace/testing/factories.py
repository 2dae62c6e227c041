"""Things to test with: runs, artifacts and outcomes that are valid and unremarkable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from millrace.contracts.artifacts import NDJSON, ArtifactRef
from millrace.contracts.ids import event_id, new_run_id
from millrace.contracts.outcome import Outcome, OutcomeStatus, Reason
from millrace.contracts.run import CallbackRecord, RunRecord

TENANT = "acme"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def artifact(key: str = "given/batch", schema: str = "batch/1", **changes: Any) -> ArtifactRef:
    """A reference to nothing in particular."""
    given = {"tier": "cold", "key": key, "sha256": "ab" * 32, "size": 10, "media_type": NDJSON, "schema_name": schema}
    return ArtifactRef.model_validate(given | changes)


def run_record(**changes: Any) -> RunRecord:
    """An accepted run with ten seconds to go."""
    run_id = changes.pop("run_id", None) or new_run_id()
    given: dict[str, Any] = {
        "tenant": TENANT, "run_id": run_id, "flow": "customer-feedback", "flow_version": 1, "accepted_at": START,
        "deadline_at": START + timedelta(seconds=10), "due_at": START + timedelta(seconds=2), "batch": artifact(),
        "records": 3,
    }  # fmt: skip
    return RunRecord.model_validate(given | changes)


def callback_record(run_id: str, **changes: Any) -> CallbackRecord:
    """A callback that waits for its run."""
    given = {"url": "https://consumer.example.com/hook", "event_id": event_id(run_id)}
    return CallbackRecord.model_validate(given | changes)


def succeeded(step: str, part: int = 0, **artifacts: tuple[ArtifactRef, ...]) -> Outcome:
    """A part that went well."""
    return Outcome(step=step, part=part, status=OutcomeStatus.SUCCEEDED, artifacts=artifacts)


def failed(step: str, part: int = 0, code: str = "bad_input") -> Outcome:
    """A part that did not."""
    return Outcome(step=step, part=part, status=OutcomeStatus.FAILED, reason=Reason(code=code))
