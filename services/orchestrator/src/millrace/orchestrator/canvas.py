"""The only place that builds chords: one per stage, by task name."""

from collections.abc import Sequence
from typing import Any

from celery import Celery, chord
from celery.canvas import Signature

from millrace.contracts.catalogue import ADVANCE, TaskSpec
from millrace.contracts.messages import Advance, PartMessage, part_id
from millrace.contracts.run import RunRecord, StageRecord
from millrace.orchestrator.domain.joining import quota
from millrace.worker.join.backend import CONF_KEY, SIZE_HEADER
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.store import JoinStore
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


def publish_stage(app: BatchingCelery, record: RunRecord, stage: StageRecord, parts: Sequence[Part]) -> None:
    """Publish all parts of a stage as one chord whose body advances the run."""
    body = _body(app, record, stage.name, quota(stage))
    with app.batch():
        chord([_part(app, part) for part in parts], body, app=app).apply_async()
    app.conf[CONF_KEY].seal(body.options["task_id"])


def publish_again(app: BatchingCelery, record: RunRecord, stage: StageRecord, parts: Sequence[Part]) -> None:
    """Publish some parts of a chord once more. Its join is opened again: it may have been lost, or have grown."""
    size = quota(stage)
    body = _body(app, record, stage.name, size)
    joins: JoinStore = app.conf[CONF_KEY]
    joins.open(body.options["task_id"], size)
    with app.batch():
        for part in parts:
            again: Any = _part(app, part)
            again.apply_async(chord=body)
    joins.seal(body.options["task_id"])


def _part(app: Celery, part: Part) -> Signature[Any]:
    """Stale work is dropped where it waits: nobody would read what it writes."""
    spec, message = part
    return signature(app, spec, message, task_id(message), expires=message.stage_deadline_at)


def _body(app: Celery, record: RunRecord, stage: str, size: int) -> Signature[Any]:
    message = Advance(**record.head | {"traceparent": record.place_of(stage)}, stage=stage)
    key = join_key(record.tenant, record.run_id, record.attempt, stage)
    return signature(app, ADVANCE, message, key, headers={SIZE_HEADER: size})
