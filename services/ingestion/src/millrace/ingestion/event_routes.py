"""`GET /v1/runs/{id}/events`: decode, call, encode."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from millrace.contracts.access import Scope
from millrace.contracts.events import events_after, is_over
from millrace.contracts.run import RunRecord
from millrace.ingestion.auth import Caller, KeyRing
from millrace.ingestion.documented import responses
from millrace.ingestion.errors import BadEventId
from millrace.ingestion.run_ids import RunInPath
from millrace.ingestion.streams import MEDIA_TYPE, EventStream, Listener, Streams
from millrace.storage.errors import StorageError

_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string"}, "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}  # fmt: skip
"""What each event of the stream is like: the description has one schema for all of them."""
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Server-sent events: each has an `id`, an `event` (a `RunEvent`'s type) and a `RunEvent` as `data`. A "
            "comment comes at least every 15 s. The stream ends after the last event."
        ),
        "content": {MEDIA_TYPE: {"schema": _EVENT}},
    },
    204: {"description": "Nothing has happened since `Last-Event-ID`, and nothing more will: do not connect again."},
}


def add_events(api: APIRouter, keys: KeyRing, streams: Streams) -> None:
    """Offer `GET /runs/{id}/events`."""

    @api.get(
        "/runs/{run_id}/events", response_class=Response, responses=_STREAM | responses(400, 404, 422)
    )  # fmt: skip
    async def run_events(
        request: Request,
        caller: Annotated[Caller, Depends(keys.needs(Scope.RUNS_READ))],
        run_id: RunInPath,
        last_event_id: Annotated[str, Header(max_length=64)] = "",
    ) -> Response:
        """What has happened to a run and what happens to it, live.

        Go on after a break with `Last-Event-ID`: no event is missed and none is told twice, whoever answers.
        """
        record = await run_in_threadpool(streams.runs.get, caller.tenant, run_id)
        if _all_told(record, last_event_id):
            return Response(status_code=204)

        async def allowed() -> bool:
            try:
                return await keys.still(request, caller.tenant)
            except StorageError:
                # Nobody knows for now: the next look tells.
                return True

        listener = Listener(tenant=caller.tenant, run_id=run_id, last=last_event_id, allowed=allowed)
        give_back = streams.take(caller.tenant)
        return EventStream(streams.told(listener), give_back)


def _all_told(record: RunRecord, last_event_id: str) -> bool:
    """Whether nothing has happened since that event, and nothing more will; BadEventId when it names none."""
    try:
        rest = events_after(record, last_event_id)
    except ValueError as error:
        raise BadEventId(f"Last-Event-ID: {error}") from error
    return not rest and is_over(record)
