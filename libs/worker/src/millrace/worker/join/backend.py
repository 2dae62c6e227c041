"""The result backend: `apply_chord` opens a join, `on_chord_part_return` records a part and publishes the body.

The order is record → re-check → publish → (Celery acknowledges). Whoever is killed in between, the redelivered
part does the rest again, so the body is published at least once and may be published twice: it must be idempotent.
Celery's own join can lose a chord for good when a process dies between counting and publishing.

The join's key is the body's task id and the part's key is the part's task id: give both deterministic ids.
"""

import json
from typing import Any

from celery import Celery
from celery.backends.base import BaseBackend
from celery.result import GroupResult
from celery.utils.log import get_task_logger

from millrace.worker.join.store import JoinStore

log = get_task_logger(__name__)

CONF_KEY = "join_store"
"""Setting of the Celery app that holds the `JoinStore`."""


class JoinBackend(BaseBackend):
    """Joins chords and stores no results."""

    app: Celery

    def __init__(self, app: Celery, url: str | None = None, **kwargs: Any) -> None:
        super().__init__(app=app, url=url, **kwargs)
        self.joins: JoinStore = app.conf[CONF_KEY]

    def as_uri(self, include_password: bool = False) -> str:
        """A name for logs."""
        return "join://"

    def store_result(self, *args: Any, **kwargs: Any) -> None:
        """Keep nothing: a part's value lives in its join only."""

    def apply_chord(self, header_result_args: tuple[Any, ...], body: Any, **kwargs: Any) -> None:
        """Open the join before any part is published."""
        header: GroupResult = self.app.GroupResult(*header_result_args)
        self.joins.open(body.options["task_id"], len(header))

    def on_chord_part_return(self, request: Any, state: str, result: Any, **kwargs: Any) -> None:
        """Record the part's value, or the exception that Celery caught for it; publish the body when it was the last.

        Called in the child that ran the part, or in its parent when the child was killed by its hard limit.
        """
        body = self.app.signature(request.chord)
        key = body.options["task_id"]
        value = result if not isinstance(result, BaseException) else failure(state, result)
        if self.joins.add(key, request.id, json.dumps(value)):
            body.apply_async()


def failure(state: str, error: BaseException) -> dict[str, str]:
    """What stands in a join for a part that raised: the state and the exception's name, never its text."""
    return {"state": state, "error": type(error).__name__}
