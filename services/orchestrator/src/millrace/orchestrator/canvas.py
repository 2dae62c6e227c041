"""The only place that builds chords: one per stage, by task name."""

from collections.abc import Sequence
from typing import Any

from celery import Celery, chord
from celery.canvas import Signature

from millrace.contracts.catalogue import ADVANCE, TaskSpec
from millrace.contracts.messages import Advance, PartMessage, part_id
from millrace.contracts.run import RunRecord
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.publish import signature

Part = tuple[TaskSpec[Any], PartMessage]


def join_key(tenant: str, run_id: str, attempt: int, stage: str) -> str:
    """Names a stage's join; also the task id of the chord's body, so that a repeated chord joins with itself."""
    return f"{tenant}/{run_id}/{attempt}/{stage}"


def task_id(message: PartMessage) -> str:
    """A part's task id: the same for every delivery, so that its join knows it again."""
    return task_id_of(message.run_id, message.attempt, message.stage, part_id(message.step, message.part))


def task_id_of(run_id: str, attempt: int, stage: str, part: str) -> str:
    """The task id of the part with this part id."""
    return f"{run_id}:{attempt}:{stage}:{part}"


def part_of(task: str) -> str:
    """The part id in a part's task id."""
    return task.rpartition(":")[2]


def publish_stage(app: Celery, record: RunRecord, stage: str, parts: Sequence[Part]) -> None:
    """Publish all parts of a stage as one chord whose body advances the run."""
    header = [signature(app, spec, message, task_id(message)) for spec, message in parts]
    chord(header, _body(app, record, stage), app=app).apply_async()


def publish_again(app: Celery, record: RunRecord, stage: str, parts: Sequence[Part], size: int) -> None:
    """Publish some parts of a chord of this size once more. Its join is opened again: it may have been lost."""
    body = _body(app, record, stage)
    app.conf[CONF_KEY].open(body.options["task_id"], size)
    for spec, message in parts:
        part: Any = signature(app, spec, message, task_id(message))
        part.apply_async(chord=body)


def _body(app: Celery, record: RunRecord, stage: str) -> Signature[Any]:
    message = Advance(
        tenant=record.tenant, run_id=record.run_id, attempt=record.attempt, stage=stage, traceparent=record.traceparent
    )
    key = join_key(record.tenant, record.run_id, record.attempt, stage)
    return signature(app, ADVANCE, message, key)
