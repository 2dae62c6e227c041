"""Requests that are known to end in a certain way, for answers that no random request comes to.

Each answer is held against the description as the random ones are.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import schemathesis
from schemathesis.core.failures import FailureGroup
from tests.fuzz.asking import PATIENCE_S, Ask, Right, batch
from tests.fuzz.front_door import FrontDoor, unready
from tests.fuzz.seeds import Seeds

NOBODY = {
    "run_id": "run_01ARZ3NDEKTSV4RRFFQ69G5FAV", "endpoint_id": "ep_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "upload_id": "upl_01ARZ3NDEKTSV4RRFFQ69G5FAV",
}  # fmt: skip
"""Names of the right form that nothing has."""
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
RACERS = 16


@dataclass
class Probes:
    """Asks, and keeps what came."""

    door: FrontDoor
    seeds: Seeds
    promised: dict[str, tuple[str, ...]]
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._schema = schemathesis.openapi.from_url(f"{self.door.url}/openapi.json")
        right = Right(self.door, self.seeds)
        self._right = right.all()
        # Random requests use up what an endpoint may be tested in a minute.
        self._untested = right.fresh_endpoint()

    def run(self) -> None:
        """Everything; the stores are away afterwards."""
        missing = [operation for operation in self.promised if operation not in self._right]
        self.failures += [f"{operation}: no request for it is known to tests/fuzz/asking.py" for operation in missing]
        self.for_all("2xx", lambda ask: self.send(ask))
        self.for_all("401", lambda ask: self.send(ask, None))
        self.for_all("403", lambda ask: self.send(ask, self.door.powerless))
        self.for_all("404", lambda ask: self.send(ask.having(path=NOBODY)))
        self.for_all("413", lambda ask: self.send(ask.having(json=None, content=b" " * (9 << 20))))
        batch().send(self.door.url, self.door.exhausted)
        self.for_all("429", lambda ask: self.send(ask, self.door.exhausted))
        for ask in special(self.door, self.seeds):
            self.send(ask)
        self.race()
        with unready(self.door) as url:
            self.take("GET /readyz", Ask(operation="GET /readyz").send(url, None))
            flows = Ask(operation="GET /v1/flows")
            self.take(flows.operation, flows.send(url, self.door.key))
            self.door.stack.servers["moto"].process.kill()
            self.for_all("503", lambda ask: self.send(ask), fresh=False)
            # The other API remembers its flows for half a minute. This one knows none, so it asks each time.
            self.take(flows.operation, flows.send(url, self.door.key))

    def for_all(self, status: str, ask: Callable[[Ask], object], *, fresh: bool = True) -> None:
        """Ask every operation that documents the status (`2xx`: any)."""
        for operation, right in self._requests(fresh).items():
            if status in self.promised.get(operation, ()) or (status == "2xx" and operation in self.promised):
                ask(right())

    def _requests(self, fresh: bool) -> dict[str, Callable[[], Ask]]:
        """Without the stores nothing fresh can be made: what is there already has to do."""
        if fresh:
            return self._right
        stale = {"endpoint_id": self.seeds.endpoint, "upload_id": self.seeds.upload}
        made = {
            operation: (lambda operation=operation: Ask(operation=operation, path=stale))
            for operation in self._right
            if operation.startswith("DELETE") or operation.endswith("/complete")
        }
        test = "POST /v1/endpoints/{endpoint_id}/test"
        made[test] = lambda: Ask(operation=test, path={"endpoint_id": self._untested})
        return self._right | made

    def send(self, ask: Ask, key: str | None = "") -> httpx.Response:
        """Ask with the key that may do everything, unless another is given or none."""
        answer = ask.send(self.door.url, self.door.key if key == "" else key)
        self.take(ask.operation, answer)
        return answer

    def take(self, operation: str, answer: httpx.Response) -> None:
        """Count the answer and hold it against the description."""
        self.seen[operation, str(answer.status_code)] += 1
        method, path = operation.split(" ")
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return
        try:
            self._schema[path][method].validate_response(answer)
        except (FailureGroup, AssertionError) as error:
            self.failures.append(f"{operation}: {answer.status_code} is not as described: {error!r}")

    def race(self) -> None:
        """Equal requests at the same time: one is taken, and those that come while it is, are told so."""
        asked = batch()
        with ThreadPoolExecutor(RACERS) as pool:
            answers = list(pool.map(lambda _: asked.send(self.door.url, self.door.key), range(RACERS)))
        for answer in answers:
            self.take(asked.operation, answer)
        taken = {answer.json()["run_id"] for answer in answers if answer.status_code == 202}
        if len(taken) != 1 or {answer.status_code for answer in answers} - {202, 409}:
            told = Counter(answer.status_code for answer in answers)
            self.failures.append(f"{RACERS} equal requests made {len(taken)} runs: {dict(told)}")


def special(door: FrontDoor, seeds: Seeds) -> Iterator[Ask]:
    """Requests that are wrong in one way of their own."""
    right = Right(door, seeds)
    yield from _batches()
    yield from _runs(seeds)
    yield from _events_after_the_last(door, seeds)
    yield from _endpoints(door, seeds, right)
    yield Ask(operation="POST /v1/uploads", json={"size": 0, "media_type": "text/csv"})
    yield right.upload("POST /v1/uploads/{upload_id}/complete", arrived=False)
    yield right.upload("POST /v1/uploads/{upload_id}/complete").having(json={"parts": 5})
    yield from _upload_that_is_open(right)


def _batches() -> Iterator[Ask]:
    asked = batch()
    yield asked.having(headers={})
    yield asked.having(json={"records": [{"text": 5}]})
    yield asked.having(json=None, content=b"PK\x05\x06" + b"\0" * 18)
    image = batch()
    yield image.having(json=None, content=PNG, headers={**image.headers, "content-type": "image/png"})
    yield batch().having(json={"upload_id": NOBODY["upload_id"]})


def _runs(seeds: Seeds) -> Iterator[Ask]:
    report = Ask(operation="GET /v1/runs/{run_id}/report", path={"run_id": seeds.unreadable})
    yield report.having(headers={"accept": "text/html"})
    yield report.having(query={"token": seeds.token})
    yield report.having(query={"attempt": "0"})
    yield _named("POST /v1/runs/{run_id}/cancel", run_id=seeds.ended)
    yield _named("POST /v1/runs/{run_id}/redrive", run_id=seeds.active)
    yield _named("POST /v1/runs/{run_id}/redrive", run_id=seeds.ended).having(json={"from": "nowhere"})
    yield _named("POST /v1/runs/{run_id}/cancel", run_id=seeds.active).having(json={"reason": 5})
    yield _named("POST /v1/runs/{run_id}/callback/replay", run_id=seeds.active)
    yield _named("GET /v1/runs/{run_id}/events", run_id=seeds.ended).having(headers={"last-event-id": "nonsense"})
    yield _named("GET /v1/runs/{run_id}/events", run_id=seeds.ended).having(headers={"last-event-id": "x" * 65})


def _endpoints(door: FrontDoor, seeds: Seeds, right: Right) -> Iterator[Ask]:
    yield Ask(operation="POST /v1/endpoints", json={"url": door.stack.callback_url})
    yield Ask(operation="POST /v1/endpoints", json={"url": "http://10.0.0.1/"})
    for operation in ("GET /v1/runs", "GET /v1/endpoints", "GET /v1/endpoints/{endpoint_id}/deliveries"):
        yield _named(operation, endpoint_id=seeds.endpoint).having(query={"limit": 0})
    yield _named("PATCH /v1/endpoints/{endpoint_id}", endpoint_id=seeds.endpoint).having(json={"enabled": 5})
    disabled = right.fresh_endpoint()
    yield _named("PATCH /v1/endpoints/{endpoint_id}", endpoint_id=disabled).having(json={"enabled": False})
    yield _named("POST /v1/endpoints/{endpoint_id}/test", endpoint_id=disabled)


def _named(operation: str, **path: str) -> Ask:
    return Ask(operation=operation, path=path)


def _events_after_the_last(door: FrontDoor, seeds: Seeds) -> Iterator[Ask]:
    """A stream that has nothing more to tell: with the id of the last event that it told."""
    asked = _named("GET /v1/runs/{run_id}/events", run_id=seeds.untouched)
    url = f"{door.url}/v1/runs/{seeds.untouched}/events"
    told = httpx.get(url, headers={"authorization": f"Bearer {door.key}"}, timeout=PATIENCE_S)
    last = [line.partition(":")[2].strip() for line in told.text.splitlines() if line.startswith("id:")][-1]
    yield asked.having(headers={"last-event-id": last})


def _upload_that_is_open(right: Right) -> Iterator[Ask]:
    """A run over a file that has not arrived."""
    upload = right.upload("GET /v1/uploads/{upload_id}", arrived=False)
    yield batch().having(json={"upload_id": upload.path["upload_id"]})


def described(url: str) -> dict[str, Any]:
    """The API's description of itself."""
    found: dict[str, Any] = httpx.get(f"{url}/openapi.json", timeout=60).json()
    return found
