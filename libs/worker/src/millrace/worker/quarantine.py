"""What is reported for a part that killed its workers: it is not run again.

A part of many rows is divided by the orchestrator until one row is left. That row's record is then named, in an
artifact: a record's id is the producer's own and may be personal, so it does not go into the run record.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.base import now
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.insights import SetAsideRecords
from millrace.contracts.messages import PartMessage
from millrace.contracts.outcome import QUARANTINED, SET_ASIDE, Outcome, OutcomeStatus, Reason
from millrace.storage.artifacts import ArtifactStore
from millrace.telemetry.logs import get_logger
from millrace.worker.execution import input_hash, refused
from millrace.worker.part import Part

log = get_logger(__name__)


Naming = Callable[[Part, ArtifactRef], tuple[str, ...]]
"""Tells the ids of the records in a part's own rows of its mapped input; for services that can read it."""


def unnamed(part: Part, mapped: ArtifactRef) -> tuple[str, ...]:
    """No ids: the task is never mapped, or its rows have none."""
    return ()


def quarantined(
    spec: TaskSpec[Any], store: ArtifactStore, message: PartMessage, times: int, naming: Naming = unnamed
) -> Outcome:
    """The outcome of a part that was begun too often without an end."""
    began = now()
    single = message.slice is not None and message.slice.rows == 1
    log.error(
        "part_quarantined",
        extra={
            "action": "part_quarantined", "task": spec.name, "run_id": message.run_id, "step": message.step,
            "part": message.part, "times": times, "rows": message.slice.rows if message.slice else None,
        },
    )  # fmt: skip
    return _set_aside(spec, store, message, naming) if single else _to_divide(message, began)


def _to_divide(message: PartMessage, began: datetime) -> Outcome:
    outcome = refused(message, OutcomeStatus.FAILED, QUARANTINED, began)
    reason = Reason(code=QUARANTINED, detail="it killed its workers")
    return outcome.model_copy(update={"reason": reason, "urgent": True})


def _set_aside(spec: TaskSpec[Any], store: ArtifactStore, message: PartMessage, naming: Naming) -> Outcome:
    began = now()
    part = Part(spec=spec, message=message, store=store, input_hash=input_hash(spec, message))
    (mapped,) = message.inputs[message.mapped or ""]
    named = SetAsideRecords(step=message.step, records=naming(part, mapped))
    ref = part.write_aside(SET_ASIDE, named)
    outcome = refused(message, OutcomeStatus.SKIPPED, SET_ASIDE, began)
    reason = Reason(code=SET_ASIDE, detail="one record killed its workers")
    return outcome.model_copy(update={"reason": reason, "artifacts": {SET_ASIDE: (ref,)}})
