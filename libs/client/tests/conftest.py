"""A server that speaks the HTTP API over a real socket, and walks its one run from look to look."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from millrace.contracts.api import AttemptView, CallbackView, RunView, StageView, StepView
from millrace.contracts.outcome import Coverage
from millrace.contracts.report import Report
from millrace.contracts.run import CallbackStatus, Gap, RunStatus

KEY = "key-acme"
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
STAGES = {"datasets": ("conversations", "ratings"), "annotate": ("annotate",), "report": ("report",)}
PARTS = {"annotate": 4}


def sample(name: str) -> Any:
    return json.loads((Path(__file__).parent / "data" / f"{name}.json").read_bytes())


def stage(name: str, done: int | None, number: int) -> StageView:
    """`done` parts of each step; None joins the stage half a second after it began."""
    began = START + timedelta(seconds=number)
    ended = began + timedelta(seconds=0.5) if done is None else None
    steps = []
    for step in STAGES[name]:
        parts = PARTS.get(step, 1)
        ended_parts = parts if done is None else min(done, parts)
        seen = Coverage(seen=840, total=1000) if step == "annotate" and done is None else None
        made = StepView(
            name=step, task=f"domain.{step}", required=True, status="succeeded" if done is None else "running",
            parts=parts, parts_done=ended_parts, coverage=seen,
        )  # fmt: skip
        steps.append(made)
    return StageView(
        name=name, status="joined" if ended else "running", started_at=began, joined_at=ended, steps=tuple(steps)
    )


def view(status: str, *done: int | None, **more: Any) -> RunView:
    """A run whose first stages are begun with so many parts done; the others are pending."""
    names = list(STAGES)
    begun = [stage(name, count, number) for number, (name, count) in enumerate(zip(names, done, strict=False))]
    pending = [StageView(name=name, status="pending") for name in names[len(done) :]]
    run_id = sample("accepted")["run_id"]
    ended = START + timedelta(seconds=3.25) if RunStatus(status).terminal else None
    links = {"self": f"/v1/runs/{run_id}"}
    if status in ("completed", "partial"):
        links["report"] = f"/v1/runs/{run_id}/report"
    given: dict[str, Any] = {
        "run_id": run_id, "flow": "customer-feedback", "status": status, "attempt": 1, "records": 1180,
        "accepted_at": START, "deadline_at": START + timedelta(seconds=10), "ended_at": ended,
        "seconds": 3.25 if ended else None, "stages": (*begun, *pending), "links": links,
    }  # fmt: skip
    return RunView(**(given | more))


class FakeApi(ThreadingHTTPServer):
    """The API: takes what it is sent, and shows the next view of the run at each look."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.walk = [
            view("accepted"),
            view("running", 0),
            view("running", None, 2),
            view("completed", None, None, None),
        ]
        self.looks = 0
        self.pages: list[list[RunView]] = []
        """Other runs, as they are listed."""
        self.ends: dict[str, RunView] = {}
        """By run id: how another run is seen once it has been redriven."""
        self.report: Any = sample("report")
        self.uploads: list[Any] = []
        """The upload, as it is seen from look to look."""
        self.streams: list[bytes] = []
        """What the next streams of events tell."""
        self.forbidden = 0
        """How many of the next parts are sent to addresses that have expired."""
        self.broken = False
        """Whether the object store takes no parts."""
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, path with query, headers (names in lower case), body."""
        self.answers: deque[tuple[int, dict[str, str], bytes]] = deque()
        """Given instead of the next answers; status 0 hangs up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def say(self, status: int, body: Any = None, **headers: str) -> None:
        """Answer the next request like this."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, content))

    def query(self, number: int = 0) -> dict[str, list[str]]:
        """The query of the request of this number."""
        return parse_qs(urlsplit(self.asked[number][1]).query)

    def answer(self, method: str, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        if path.startswith("/v1/uploads"):
            return 200, self._uploaded(path)
        match (method, path.split("/")[2:]):
            case "POST", ["runs"]:
                return 202, sample("accepted")
            case "POST", ["runs", run_id, ("cancel" | "redrive") as what]:
                return self._asked(run_id, what)
            case "GET", ["runs"] if self.pages:
                number = int(query.get("cursor", ["0"])[0])
                cursor = str(number + 1) if number + 1 < len(self.pages) else None
                return 200, {"runs": [each.model_dump(mode="json") for each in self.pages[number]], "cursor": cursor}
            case "GET", ["runs", run_id] if run_id in self.ends:
                return 200, self.ends[run_id].model_dump(mode="json")
            case "GET", ["runs"]:
                found = [each for each in self.walk if query.get("status", [each.status])[0] == each.status]
                return 200, {"runs": [each.model_dump(mode="json") for each in found], "cursor": None}
            case "GET", ["flows"]:
                return 200, sample("flows")
            case "GET", ["runs", run_id] if run_id == self.walk[0].run_id:
                self.looks += 1
                return 200, self.walk[min(self.looks, len(self.walk)) - 1].model_dump(mode="json")
            case "GET", ["runs", run_id, "report"] if run_id == self.walk[0].run_id:
                return 200, Report.model_validate(self.report).model_dump(mode="json")
        return 404, {"type": "urn:millrace:problem:not-found", "title": "There is no such run", "status": 404}

    def _uploaded(self, path: str) -> Any:
        if not path.endswith("/complete"):
            return self.uploads.pop(0)
        sizes = {"size": 1, "part_size": 1, "parts": 1, "created_at": START.isoformat()}
        told = {"upload_id": path.split("/")[3], "status": "complete", "media_type": "text/csv"}
        return sizes | told | {"expires_at": START.isoformat()}

    def _asked(self, run_id: str, what: str) -> tuple[int, Any]:
        """The run's attempt, unless it is active where that does not do, or the other way round."""
        listed = {run.run_id: run for page in self.pages for run in page} | {self.walk[0].run_id: self.walk[0]}
        run = listed[run_id]
        if run.status.terminal == (what == "cancel"):
            code = "already-ended" if what == "cancel" else "still-active"
            return 409, {"type": f"urn:millrace:problem:{code}", "title": "Conflict", "status": 409, "detail": code}
        links = {"self": f"/v1/runs/{run_id}"}
        return 202, {"run_id": run_id, "attempt": run.attempt, "asked": what, "links": links}


class Handler(BaseHTTPRequestHandler):
    """One request to the FakeApi."""

    protocol_version = "HTTP/1.1"
    server: FakeApi

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        if self.command == "PUT":
            expired = self.server.forbidden > 0
            self.server.forbidden -= expired
            self._send(503 if self.server.broken else 403 if expired else 200, {}, b"")
        elif self.path.endswith("/events") and self.server.streams:
            self._send(200, {"Content-Type": "text/event-stream"}, self.server.streams.pop(0))
        elif self.server.answers:
            self._send(*self.server.answers.popleft())
        elif headers.get("authorization") != f"Bearer {KEY}":
            problem = {"type": "urn:millrace:problem:unauthorized", "title": "No valid API key", "status": 401}
            self._send(401, {}, json.dumps(problem).encode())
        else:
            parts = urlsplit(self.path)
            status, answer = self.server.answer(self.command, parts.path, parse_qs(parts.query))
            self._send(status, {}, json.dumps(answer).encode())

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as http.server looks it up

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The tests look at `asked` instead."""


@pytest.fixture
def api() -> Iterator[FakeApi]:
    server = FakeApi()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make_view() -> Callable[..., RunView]:
    return view


@pytest.fixture
def samples() -> Callable[[str], Any]:
    return sample


@pytest.fixture
def partial() -> RunView:
    """A run that ended late, without its topics, and whose callback met an error once."""
    event = CallbackView(
        event_id="evt_01JZZZZZZZZZZZZZZZZZZZZZZZ", status=CallbackStatus.PENDING, deliveries=2, last_status=503
    )
    gap = Gap(step="topics", reason="timed_out", effect="Topics beyond the known themes are missing.")
    ended = {"ended_at": START + timedelta(seconds=10.4), "seconds": 10.4}
    return view("partial", None, None, None, gaps=(gap,), callback=event, **ended)


@pytest.fixture
def redriven() -> RunView:
    """A run that ended as partial, and whose redrive is at work: it did not have to do the datasets again."""
    began = START + timedelta(hours=1)
    callback = CallbackView(event_id="evt_1", status=CallbackStatus.DELIVERED, deliveries=1)
    attempts = (
        AttemptView(
            number=1, status=RunStatus.PARTIAL, began_at=START, ended_at=START + timedelta(seconds=4), callback=callback
        ),
        AttemptView(number=2, status=RunStatus.RUNNING, began_at=began),
    )
    made = view(
        "partial", None, 2, attempt=2, attempts=attempts, redriving=True, deadline_at=began + timedelta(seconds=10)
    )
    steps = tuple(step.model_copy(update={"reused_from": 1}) for step in made.stages[0].steps)
    stages = (made.stages[0].model_copy(update={"steps": steps}), *made.stages[1:])
    return made.model_copy(update={"stages": stages})


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_bytes(b"Review Text;Rating\nIt runs small.;2\n")
    return path
