"""A run's events as they happen: server-sent events (WHATWG HTML 9.2), taken up again wherever they break off."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from millrace.client import calls
from millrace.client.errors import BadAnswer, ProblemError, Unavailable
from millrace.contracts.happening import EventType, RunEvent

RECONNECT_S = (0.2, 0.4, 0.8, 1.6, 3.2, 5.0)
"""Pauses before the API is asked again; an event begins them anew."""
SILENCE_S = 40.0
"""The API gives a sign of life every 15 s: a connection without any is dead."""
NOTHING_MORE = 204
_TYPES = frozenset(each.value for each in EventType)
_LINE_END = re.compile(rb"\r\n|\n|\r")


def follow(
    http: httpx.Client, run_id: str, last: str | None, pause: Callable[[float], None], silence_s: float = SILENCE_S
) -> Iterator[RunEvent]:
    """Every event after the one of the id `last`, until the last there will be.

    Connects again by itself, and goes on without a gap or a repeat. Refused when the run is not there; Unavailable
    when the API does not come back. Events of types that this release does not know are passed over.
    """
    pauses = iter(RECONNECT_S)
    while True:
        try:
            for event in connect(http, run_id, last, silence_s):
                pauses, last = iter(RECONNECT_S), event.id
                yield event
        except Over:
            return
        except Unavailable as error:
            wait = next(pauses, None)
            if wait is None:
                raise
            pause(max(wait, error.retry_after_s or 0.0))
        else:
            # The API ends a stream after the last event, or to have its clients go to another replica.
            pause(RECONNECT_S[0])


class Over(Exception):
    """Nothing has happened since, and nothing more will."""


def connect(http: httpx.Client, run_id: str, last: str | None, silence_s: float) -> Iterator[RunEvent]:
    """The events of one connection; Over, Refused or Unavailable."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    timeout = httpx.Timeout(**{**http.timeout.as_dict(), "read": silence_s})
    path = f"/v1/runs/{quote(run_id, safe='')}/events"
    request = http.build_request("GET", path, headers=headers, timeout=timeout)
    try:
        answer = http.send(request, stream=True)
        try:
            if not answer.is_success:
                answer.read()
            calls.checked(answer)
            if answer.status_code == NOTHING_MORE:
                raise Over
            yield from parse(lines(answer.iter_bytes()))
        finally:
            answer.close()
    except httpx.RequestError as fault:
        raise calls.no_answer(request, fault) from fault


def lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """The lines of a stream (WHATWG HTML 9.2.5). What else Unicode counts as a line's end may stand within JSON."""
    rest, cut = b"", False
    for chunk in chunks:
        # The CR that ended the last chunk has ended its line already.
        *whole, rest = _LINE_END.split(rest + (chunk.removeprefix(b"\n") if cut else chunk))
        cut = chunk.endswith(b"\r")
        yield from (line.decode(errors="replace") for line in whole)


def parse(found: Iterator[str]) -> Iterator[RunEvent]:
    """The events in the lines of a stream; BadAnswer when one is not of its contract."""
    fields: dict[str, list[str]] = {}
    for line in found:
        name, _, value = line.partition(":")
        if name:
            fields.setdefault(name, []).append(value.removeprefix(" "))
        if not line:
            if fields.get("event", [""])[-1] in _TYPES and "data" in fields:
                yield _event("\n".join(fields["data"]))
            fields = {}


def _event(data: str) -> RunEvent:
    try:
        return RunEvent.model_validate_json(data)
    except ValidationError:
        raise BadAnswer("the stream has an event that is not of its contract") from None


class Changes:
    """Waits for the next change of a run, for as long as the API tells of them."""

    def __init__(self, http: httpx.Client, run_id: str) -> None:
        self._http, self._run_id = http, run_id
        self._last: str | None = None
        self._stream: Iterator[RunEvent] | None = None
        self._told = True

    def __call__(self, left: float, longest_s: float = 5.0) -> bool:
        """Whether the API tells of changes: then there was one, or so many seconds have passed, `left` at most."""
        if not self._told:
            return False
        self._stream = self._stream or connect(self._http, self._run_id, self._last, max(0.1, min(left, longest_s)))
        try:
            event = next(self._stream, None)
        except Unavailable as error:
            self._stream = None
            # A silence is no failure: the run is looked at and the stream taken up again.
            self._told = isinstance(error.__cause__, httpx.ReadTimeout)
        except (Over, ProblemError, BadAnswer):
            self._told = False
        else:
            self._stream = self._stream if event else None
            self._last = event.id if event else self._last
        return self._told
