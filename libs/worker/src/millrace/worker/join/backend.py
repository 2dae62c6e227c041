"""The result backend: `apply_chord` opens a join, `on_chord_part_return` records a part and publishes the body.

The order is record → re-check → publish → (Celery acknowledges). Whoever is killed in between, the redelivered
part does the rest again, so the body is published at least once and may be published twice: it must be idempotent.
Celery's own join can lose a chord for good when a process dies between counting and publishing.

The join's key is the body's task id and the part's key is the part's task id: give both deterministic ids.
"""

import json
from typing import Any

from celery.backends.base import BaseBackend
from celery.states import REVOKED
from celery.utils.log import get_task_logger
from kombu.utils.functional import retry_over_time

from millrace.worker.crash import point
from millrace.worker.join.batching import BatchingCelery
from millrace.worker.join.errors import JoinUnavailable
from millrace.worker.join.store import JoinStore
from millrace.worker.sending import queue_of, sending

log = get_task_logger(__name__)

CONF_KEY = "join_store"
"""Setting of the Celery app that holds the `JoinStore`."""

SIZE_HEADER = "join_size"
"""Header of a body: so many parts are enough; without it all of them are needed."""

URGENT = "urgent"
"""Key of a part's value, when that is a dict: if true, the body is published now, whatever the others do."""

VOID = "void"
"""Key of a part's value: if true, the value is not kept. The part has said nothing, and another copy of it may."""

PATIENCE_S = 4.0
"""How long a part waits for a store that does not answer. After that only the caller's own record can help."""


class JoinBackend(BaseBackend):
    """Joins chords and stores no results."""

    app: BatchingCelery

    def __init__(self, app: BatchingCelery, url: str | None = None, **kwargs: Any) -> None:
        super().__init__(app=app, url=url, **kwargs)
        self.joins: JoinStore = app.conf[CONF_KEY]

    def as_uri(self, include_password: bool = False) -> str:
        """A name for logs."""
        return "join://"

    def store_result(self, *args: Any, **kwargs: Any) -> None:
        """Keep nothing: a part's value lives in its join only."""

    def apply_chord(self, header_result_args: tuple[Any, ...], body: Any, **kwargs: Any) -> None:
        """Open the join before any part is published."""
        _, parts, *_ = header_result_args
        size = (body.options.get("headers") or {}).get(SIZE_HEADER, len(parts))
        self.joins.open(body.options["task_id"], size)
        point("chord_opened")

    def on_chord_part_return(self, request: Any, state: str, result: Any, **kwargs: Any) -> None:
        """Record the part's value, or the exception that Celery caught for it; publish the body when it was the last.

        Called in the child that ran the part, or in its parent when the child was killed by its hard limit. A message
        that had expired says nothing about its part: a later copy may be on its way.
        """
        value = result if not isinstance(result, BaseException) else failure(state, result)
        if state == REVOKED or (isinstance(value, dict) and value.get(VOID)):
            return
        complete = self._record(request.chord["options"]["task_id"], request.id, json.dumps(value))
        point("outcome_recorded")
        if complete or (isinstance(value, dict) and value.get(URGENT)):
            body = self.app.signature(request.chord)
            with sending(queue_of(body.task), self.app.conf.broker_url):
                body.apply_async()
            point("body_published")

    def _record(self, key: str, part: str, value: str) -> bool:
        signed = self.app.signer.sign_outcome(key, part, value)
        return bool(
            retry_over_time(
                self.joins.add, JoinUnavailable, args=(key, part, signed), timeout=PATIENCE_S, interval_start=0.1,
                interval_step=0.2, interval_max=1.0,
            )
        )  # fmt: skip


def failure(state: str, error: BaseException) -> dict[str, str]:
    """What stands in a join for a part that raised: the state and the exception's name, never its text."""
    return {"state": state, "error": type(error).__name__}
