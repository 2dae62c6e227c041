"""The client of the HTTP API."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote
from uuid import uuid4

import httpx

from millrace.client import calls, events, queries, waiting
from millrace.client.callbacks import Callbacks
from millrace.client.errors import SettingsError, UnknownMediaType
from millrace.client.events import Changes
from millrace.client.media import media_type_of
from millrace.client.queries import Query
from millrace.client.uploading import Uploads
from millrace.contracts.api import Accepted, Asked, FlowList, FlowView, RunPage, RunRequest, RunView
from millrace.contracts.artifacts import HTML, JSON
from millrace.contracts.journey import RunJourney
from millrace.contracts.messages import FROM_FAILED
from millrace.contracts.report import Report
from millrace.contracts.run import RunEvent, RunStatus
from millrace.contracts.uploads import UploadView

INLINE_BYTES = 8 << 20
"""What the API takes as a request's body, unless it was told otherwise."""
RUN_TIMEOUT_S = 60.0
"""A run over an upload is accepted when the file has been read."""
SHORTEST_TIMEOUT_S = 0.5
"""A look at a run gets at least this long, however little of the wait is left."""


def _ignore(run: RunView) -> None:
    """Nobody wants to hear of changes."""


def _nobody_tells(left: float) -> bool:
    """Changes have to be looked for."""
    return False


class Client:
    """A connection to one API as one tenant; use it with `with`, or close it.

    Every call raises Refused when the request is at fault, Unavailable when the API is, and BadAnswer when the
    answer is not of its contract. Reads, cancels and submissions are tried again by themselves: a submission has an
    idempotency key, one of its own unless it is given one. Redrives are tried again only if the request never left: a
    second one might come after the end of the first.
    Whatever an overloaded API turned away is tried again, unless that is to wait for more than ten seconds.
    """

    def __init__(
        self, base_url: str, api_key: str, timeout: float = 30.0, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """`timeout`: seconds for each step of a request (connect, write, read). `pause`: how to wait between tries."""
        self.base_url = _address(base_url)
        if not (api_key.isascii() and api_key.isprintable()):
            raise SettingsError("the API key holds characters that no key has")
        self._timeout = timeout
        self._pause = pause
        headers = {"User-Agent": f"millrace-client/{version('millrace-client')}", "Accept": JSON}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._http = httpx.Client(base_url=self.base_url, headers=headers, timeout=timeout)
        self.callbacks = Callbacks(self._http, pause)
        """The tenant's callback endpoints."""
        self.uploads = Uploads(self._http, pause, timeout)
        """The tenant's uploads, one step at a time."""

    def submit_records(self, request: RunRequest, idempotency_key: str | None = None) -> Accepted:
        """Submit records as a run. The same key again, within a day, gives the same run."""
        content = request.model_dump_json(exclude_none=True).encode()
        return self._submit(content, JSON, {}, idempotency_key)

    def submit_file(
        self,
        source: Path | bytes,
        media_type: str | None = None,
        *,
        flow: str = "customer-feedback",
        callback_url: str | None = None,
        mapping: Mapping[str, str] | None = None,
        scale: str | None = None,
        metadata: Mapping[str, str] | None = None,
        deadline_s: float | None = None,
        idempotency_key: str | None = None,
        upload_id: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Accepted:
        """Submit a file's bytes as a run. One of more than 8 MiB is uploaded first; see `upload`.

        `media_type` is guessed from the suffix of a path; bytes need it, else UnknownMediaType. `mapping`: record
        field → column header, and `scale`: the rating's, both over the API's guess. `metadata`: the producer's own
        references. OSError when the file cannot be read.
        """
        if isinstance(source, bytes) and media_type is None:
            raise UnknownMediaType("bytes need their media type")
        params = queries.submission(
            flow=flow, callback_url=callback_url, mapping=mapping, scale=scale, metadata=metadata, deadline_s=deadline_s
        )
        if isinstance(source, bytes):
            return self._submit(source, str(media_type), params, idempotency_key)
        known = media_type or media_type_of(source)
        return self._submit_path(source, known, params, idempotency_key, upload_id, on_progress)

    def run(self, run_id: str) -> RunView:
        """The run as it is now."""
        return calls.decode(self._get(_path(run_id)), RunView)

    def runs(
        self,
        status: RunStatus | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        *,
        flow: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> RunPage:
        """A page of runs, newest first; `cursor` is the one of the page before. Filtered, a page may come short.

        `since` and `until`: accepted then or later, and before then; ValueError for a time without its zone.
        """
        params = queries.listing(status=status, flow=flow, since=since, until=until, limit=limit, cursor=cursor)
        return calls.decode(self._get("/v1/runs", params), RunPage)

    def report(self, run_id: str, attempt: int | None = None) -> Report:
        """The report of the attempt that ended last, or of this one; Refused with status 404 until there is one."""
        params: Query | None = {"attempt": str(attempt)} if attempt is not None else None
        return calls.decode(self._get(f"{_path(run_id)}/report", params), Report)

    def page(self, run_id: str, attempt: int | None = None) -> str:
        """The same report as a page for people: one HTML document that needs nothing from elsewhere."""
        params: Query | None = {"attempt": str(attempt)} if attempt is not None else None
        return self._get(f"{_path(run_id)}/report", params, accept=HTML).text

    def journey(self, run_id: str, attempt: int | None = None) -> RunJourney:
        """Where the time of the run's present attempt went, and why; of an earlier one, as far as it is known."""
        params: Query | None = {"attempt": str(attempt)} if attempt is not None else None
        return calls.decode(self._get(f"{_path(run_id)}/journey", params), RunJourney)

    def journey_page(self, run_id: str, attempt: int | None = None) -> str:
        """The same as one HTML document that needs nothing from elsewhere."""
        params: Query | None = {"attempt": str(attempt)} if attempt is not None else None
        return self._get(f"{_path(run_id)}/journey", params, accept=HTML).text

    def cancel(self, run_id: str, reason: str = "") -> Asked:
        """Ask for the run's end; Refused with status 409 when it has ended.

        `reason`: at most 200 characters, shown with the run and told to its consumer.
        """
        return self._ask(run_id, "cancel", {"reason": reason}, idempotent=True)

    def redrive(self, run_id: str, start: str = FROM_FAILED) -> Asked:
        """Ask for a new attempt of an ended run; Refused with status 409 while it is active.

        `start`: `failed` for whatever failed or is missing, or the stage or step from which all is done again. Wait
        for the new attempt with `wait(run_id, attempt=asked.attempt + 1)`.
        """
        return self._ask(run_id, "redrive", {"from": start}, idempotent=False)

    def flows(self) -> tuple[FlowView, ...]:
        """The flows that a run may follow."""
        return calls.decode(self._get("/v1/flows"), FlowList).flows

    def wait(
        self,
        run_id: str,
        timeout: float = 60.0,
        on_change: Callable[[RunView], None] = _ignore,
        done: Callable[[RunView], bool] = waiting.ended,
        *,
        attempt: int = 1,
        live: bool = False,
    ) -> RunView:
        """Look at the run every 0.1 to 0.5 s until it has ended, or until `done` says so.

        `live`: look at it when its events tell of a change instead, where the API has them.

        `on_change` gets the run whenever it differs from before. WaitTimeout after `timeout` seconds. Looks at an
        earlier `attempt` are passed over: a redrive that was asked for may not have begun.
        """

        def changed(run: RunView) -> None:
            if run.attempt >= attempt:
                on_change(run)

        def over(run: RunView) -> bool:
            return run.attempt >= attempt and done(run)

        changes = Changes(self._http, run_id) if live else _nobody_tells
        return waiting.wait(
            run_id, partial(self._look, run_id), timeout, on_change=changed, done=over, changes=changes,
            pause=self._pause,
        )  # fmt: skip

    def events(self, run_id: str, last_event_id: str | None = None) -> Iterator[RunEvent]:
        """What has happened to the run since that event, and what happens, until its last event.

        Connects again by itself: no event is missed and none is told twice.
        """
        return events.follow(self._http, run_id, last_event_id, self._pause)

    def upload(
        self,
        path: Path,
        media_type: str | None = None,
        *,
        upload_id: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> UploadView:
        """Send a large file past the API, in parts; a run can then be made of it.

        `upload_id`: go on with an upload that broke off; UploadBroken names it. `on_progress` gets the bytes that have
        arrived and those of the whole file. OSError when the file cannot be read.
        """
        given = (on_progress,) if on_progress else ()
        return self.uploads.send(path, media_type or media_type_of(path), upload_id, *given)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self, run_id: str, left: float) -> tuple[RunView, float | None]:
        """The run now, asked for once, and the pause that the API asks for."""
        timeout = min(self._timeout, max(left, SHORTEST_TIMEOUT_S))
        request = self._http.build_request("GET", _path(run_id), timeout=timeout)
        response = calls.send(self._http, request, self._pause, idempotent=True, backoff_s=())
        return calls.decode(response, RunView), calls.retry_after_s(response)

    def _get(self, path: str, params: Query | None = None, accept: str = JSON) -> httpx.Response:
        request = self._http.build_request("GET", path, params=params, headers={"Accept": accept})
        return calls.send(self._http, request, self._pause, idempotent=True)

    def _ask(self, run_id: str, what: str, body: dict[str, str], *, idempotent: bool) -> Asked:
        request = self._http.build_request("POST", f"{_path(run_id)}/{what}", json=body)
        return calls.decode(calls.send(self._http, request, self._pause, idempotent=idempotent), Asked)

    def _submit_path(
        self, source: Path, media_type: str, params: Query, key: str | None, upload_id: str | None,
        on_progress: Callable[[int, int], None] | None,
    ) -> Accepted:  # fmt: skip
        if upload_id is None and source.stat().st_size <= INLINE_BYTES:
            return self._submit(source.read_bytes(), media_type, params, key)
        found = self.upload(source, media_type, upload_id=upload_id, on_progress=on_progress)
        return self._submit(b"", media_type, params | {"upload_id": found.upload_id}, key, RUN_TIMEOUT_S)

    def _submit(
        self, content: bytes, media_type: str, params: Query, key: str | None,
        shortest_s: float = 0.0,
    ) -> Accepted:  # fmt: skip
        headers = {"Content-Type": media_type, "Idempotency-Key": key or str(uuid4())}
        request = self._http.build_request(
            "POST", "/v1/runs", params=params, content=content, headers=headers,
            timeout=max(self._timeout, shortest_s),
        )  # fmt: skip
        return calls.decode(calls.send(self._http, request, self._pause, idempotent=True), Accepted)


def _address(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise SettingsError(f"{base_url!r} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"the API's address must begin with http:// or https://, not {base_url!r}")
    return base_url.rstrip("/")


def _path(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"
