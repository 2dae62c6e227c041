"""One story with everything in it that a producer can send, and everything that can go wrong with it."""

import base64
import io
import json
import secrets
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.chaos.brokers import Broker, envelope
from tests.security.canaries import Canaries
from tests.security.listening import Kept, listening, monitored

from millrace.client import Client
from millrace.contracts.run import RunStatus
from millrace.local.settings import LocalSettings
from millrace.local.stack import Stack
from millrace.testing.aws_faults import AwsFaults, Do, Fault
from millrace.testing.stack import GIVE_UP_S, StackUnderTest

SHORT_S = 4
"""Seconds that a run gets whose end is not to be waited for."""


@dataclass(kw_only=True)
class Story:
    """A running stack, what was sent into it, and what was overheard of it."""

    under_test: StackUnderTest
    canaries: Canaries
    spans: Kept
    errors: Kept
    commands: list[bytes]
    aws: AwsFaults
    consumer: Kept
    """A consumer that answers 500 with words of its own."""
    runs: dict[str, str] = field(default_factory=dict)
    """Chapter → its run's id."""
    ended: dict[str, str] = field(default_factory=dict)
    """Chapter → how its run ended."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Chapter → the API's answer."""

    @property
    def stack(self) -> Stack:
        return self.under_test.stack

    def mark(self, name: str) -> str:
        return self.canaries.mark(name)

    def post(self, chapter: str, content: bytes, media_type: str = "application/json", **given: Any) -> httpx.Response:
        """`POST /v1/runs` with a canary in every header that a client may set."""
        headers = {
            "authorization": f"Bearer {self.stack.api_key}", "content-type": media_type,
            "idempotency-key": self.mark(f"{chapter}: idempotency key"),
            "user-agent": f"{self.mark(f'{chapter}: user agent')}/1.0",
            "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
            "tracestate": f"shop={self.mark(f'{chapter}: tracestate')}",
            "baggage": "user={},sentry-release={}".format(
                self.mark(f"{chapter}: baggage"), self.mark(f"{chapter}: baggage for Sentry")
            ),
            "cookie": f"session={self.mark(f'{chapter}: cookie')}",
        } | given.pop("headers", {})  # fmt: skip
        answer = httpx.post(f"{self.stack.api_url}/v1/runs", content=content, headers=headers, timeout=60, **given)
        self.statuses[chapter] = answer.status_code
        return answer

    def call(self, chapter: str, method: str, path: str, **given: Any) -> httpx.Response:
        """Another operation of the API."""
        headers = {"authorization": f"Bearer {self.stack.api_key}"}
        answer = httpx.request(method, f"{self.stack.api_url}/v1/{path}", headers=headers, timeout=60, **given)
        self.statuses[chapter] = answer.status_code
        return answer

    def submit(self, chapter: str, url: str, deadline_s: float | None = None) -> str:
        """A run over records of canaries; returns its id."""
        body = json.dumps(
            {
                "records": records(self.mark, chapter), "callback_url": url, "deadline_s": deadline_s,
                "metadata": {self.mark(f"{chapter}: metadata key"): self.mark(f"{chapter}: metadata value")},
            }
        )  # fmt: skip
        answer = self.post(chapter, body.encode())
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    def end(self, chapter: str, run_id: str, attempt: int = 1) -> None:
        """Wait for the run's end and note it down."""
        self.runs[chapter] = run_id
        self.ended[chapter] = self.under_test.client.wait(run_id, GIVE_UP_S, attempt=attempt).status.value

    @contextmanager
    def silent(self, name: str) -> Iterator[None]:
        """A service says nothing for as long as the block lasts."""
        self.stack.processes[name].send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.stack.processes[name].send(signal.SIGCONT)


@contextmanager
def told(folder: Path) -> Iterator[Story]:
    """The whole story, over a stack that lives as long as the block."""
    with ExitStack() as open_until_the_end:
        enter, proxies = open_until_the_end.enter_context, dict[str, AwsFaults]()
        spans, errors = enter(listening()), enter(listening())
        consumer = enter(listening(500))

        def route(server: str, url: str) -> str:
            if server != "aws":
                return url
            return proxies.setdefault("aws", proxies.get("aws") or enter(AwsFaults(url))).url

        environment = {
            "MILLRACE_OTLP_ENDPOINT": spans.url, "MILLRACE_LOG_LEVEL": "INFO",
            "MILLRACE_SENTRY_DSN": f"{errors.url.replace('://', '://public@')}/1",
        }  # fmt: skip
        stack = Stack(
            folder=folder, settings=LocalSettings(concurrency=1), route=route, overrides=lambda _: environment
        )
        stack.start()
        open_until_the_end.callback(stack.stop)
        client = enter(Client(stack.api_url, stack.api_key))
        commands = enter(monitored(stack.servers["redis"].url))
        story = Story(
            under_test=StackUnderTest(stack=stack, client=client), canaries=Canaries(), spans=spans, errors=errors,
            commands=commands, aws=proxies["aws"], consumer=consumer,
        )  # fmt: skip
        consumer.answer = story.mark("the consumer's answer").encode()
        for chapter in CHAPTERS:
            chapter(story)
        yield story


def records(mark: Callable[[str], str], chapter: str) -> list[dict[str, Any]]:
    """Enough feedback for every analysis, with a canary in each field that a person may be in."""

    def one(number: int) -> dict[str, Any]:
        return {
            "record_id": f"r{number}", "text": f"The parcel came late and the box was torn, number {number}.",
            "rating": {"scale": "stars5", "value": 1 + number % 5},
            "created_at": f"2026-03-{1 + number % 28:02d}T10:00:00Z", "attrs": {"plan": ("gold", "free")[number % 2]},
        }  # fmt: skip

    def said(field: str) -> str:
        return mark(f"{chapter}: {field}")

    first, segment = said("first name"), said("segment value")
    told = one(0) | {
        "text": (
            f"My name is {first.title()} and the parcel {said('text')} came late. Write to "
            f"{said('mailbox')}@example.org or call +358 40 {said('phone')}. My order is {said('order')}, see https://example.org/{said('link')}."
        ),
        "record_id": said("record id"), "title": f"Late {said('title')}", "customer_ref": said("customer reference"),
        "thread_ref": said("thread"), "product": said("product"), "source": said("source"), "channel": said("channel"),
        "attrs": {said("attribute key"): said("attribute value"), "plan": segment, "email": f"{said('e')}@example.org"},
    }  # fmt: skip
    return [told, *(one(number) | {"attrs": {"plan": segment}} for number in range(1, 20)), *map(one, range(20, 60))]


def all_goes_well(story: Story) -> None:
    """A JSON batch whose callback arrives, and whose link is opened and bent."""
    run_id = story.submit("json", story.stack.callback_url)
    story.end("json", run_id)
    run = story.under_test.wait_for_callback(run_id)
    (callback,) = story.under_test.callbacks(run)
    link = callback["body"]["data"]["report_url"]
    assert httpx.get(link, timeout=60).status_code == 200
    story.canaries.watch("report link token", link.partition("token=")[2])
    assert httpx.get(f"{link}{story.mark('bent link token')}", timeout=60).status_code == 403


def a_file(story: Story) -> None:
    """A CSV file with names, odd rows and headers that nobody knows; its consumer fails."""
    mark = story.mark
    head = f"review,rating,date,{mark('csv: column header')},{mark('csv: second header')}\n"
    rows = "".join(f"The food was cold {n},{1 + n % 5},2026-03-{1 + n % 28:02d},{mark(f'csv: cell {n}')},x\n"
                   for n in range(30))  # fmt: skip
    odd = f"Fine,{mark('csv: bad rating')},{mark('csv: bad date')},a,b\n" + f",,{mark('csv: empty row')},,\n"
    answer = story.post(
        "csv", (head + rows + odd).encode(), "text/csv",
        params={
            "filename": f"{mark('csv: file name')}.csv", "meta": f"owner:{mark('csv: meta')}", "deadline_s": "8",
            "callback_url": f"{story.consumer.url}/{mark('callback path')}?who={mark('callback query')}",
        },
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    story.end("csv", answer.json()["run_id"])
    assert story.consumer.came.wait(GIVE_UP_S)


def what_is_refused(story: Story) -> None:
    """Bodies, options and keys that are no good; each says so, and each holds something personal."""
    mark = story.mark
    story.post("bad json", b'{"records": [{"text": "' + mark("bad json: text").encode() + b'",]}')
    story.post("bad records", json.dumps({"records": [{"text": 5, mark("bad field"): mark("bad value")}]}).encode())
    story.post("bad option", json.dumps({"records": [], mark("bad option"): mark("bad option value")}).encode())
    story.post("bad file", mark("no csv").encode() + b"\x00\xff\n" * 9, "text/csv", params={"filename": mark("name")})
    story.post("bad flow", b"[]", params={"flow": mark("flow name"), "map": f"text:{mark('mapped column')}"})
    story.post("bad url", b'{"records": []}', params={"callback_url": f"http://10.0.0.1/{mark('refused url')}"})
    story.post("bad key", b"{}", headers={"authorization": f"Bearer {mark('wrong key')}"})
    story.post("bomb", _bomb(mark("bomb: file name")), "application/zip", params={"filename": mark("bomb: name")})
    story.post("bad header", b"{}", headers={"content-type": f"text/{mark('media type')}"})
    for path in ("runs/{}", "runs/{}/report", "{}", "runs?cursor={}", "runs?status={}", "runs?{}=1"):
        name = f"path {path}"
        answer = httpx.get(
            f"{story.stack.api_url}/v1/{path.format(mark(name))}",
            headers={"authorization": f"Bearer {story.stack.api_key}", "last-event-id": mark(f"{name}: event")},
        )
        story.statuses[name] = answer.status_code


def _bomb(name: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"xl/{name}.xml", b"0" * (300 << 20))
    return data.getvalue()


def a_silent_service(story: Story) -> None:
    """A run ends as partial, is cancelled with a reason, and is run again."""
    with story.silent("nlp"):
        story.end("partial", story.submit("partial", story.stack.callback_url, SHORT_S))
        run_id = story.submit("cancelled", story.stack.callback_url)
        reason = f"{story.mark('reason')} asked us to"
        story.under_test.client.cancel(run_id, reason)
        story.end("cancelled", run_id)
    story.under_test.client.redrive(run_id)
    story.end("redriven", run_id, attempt=2)
    story.call("bad redrive", "POST", f"runs/{run_id}/redrive", json={"from": story.mark("redrive from")})


def a_required_service_is_silent(story: Story) -> None:
    """A run fails."""
    with story.silent("analytics"):
        story.end("failed", story.submit("failed", f"{story.consumer.url}/{story.mark('failed: path')}", SHORT_S))


def a_worker_dies(story: Story) -> None:
    """A worker is killed in the middle of a run and started again."""
    run_id = story.submit("killed", story.stack.callback_url)
    story.under_test.wait_for_log("orchestrator-distribution", run_id)
    story.under_test.kill("dataset-conversations")
    story.stack.revive()
    story.end("killed", run_id)
    broker = Broker(f"{story.stack.servers['redis'].url}/1", story.stack.environment)
    for task in ("analytics.kpis", "analytics.divine"):
        broker.put("analytics", envelope(task, {"message": {"tenant": "demo", "run_id": run_id}}, "poison"))
    story.under_test.wait_for_log("analytics", "dead_letter")


def the_stores_fail(story: Story) -> None:
    """Every store refuses for a while, in the middle of everything: what is said then holds nothing of the request."""
    for service in ("s3", "dynamodb", "kms"):
        story.aws.faults = [Fault(do=Do.ERROR, service=service)]
        body = json.dumps({"records": records(story.mark, f"without {service}")})
        story.post(
            f"without {service}", body.encode(),
            params={
                "callback_url": f"{story.consumer.url}/{story.mark(f'without {service}: url')}",
                "meta": f"who:{story.mark(f'without {service}: meta')}",
            },
        )  # fmt: skip
        story.aws.faults = []
    run_id = story.submit("flaky", f"{story.consumer.url}/{story.mark('flaky: path')}", SHORT_S)
    story.aws.faults = [Fault(do=Do.ERROR, service="s3"), Fault(do=Do.ERROR, service="kms")]
    story.under_test.wait_for_log("orchestrator-distribution", run_id)
    story.end("flaky", run_id)
    story.aws.faults = []


def an_upload(story: Story) -> None:
    """A large file's name, and one that never comes."""
    content = (
        b"text,rating\n"
        + "".join(f"{story.mark(f'upload: cell {n}')} was late,{1 + n % 5}\n" for n in range(9)).encode()
    )
    wanted = {"size": len(content), "media_type": "text/csv", "filename": f"{story.mark('upload: file name')}.csv"}
    view = story.call("upload", "POST", "uploads", json=wanted).json()
    httpx.put(view["missing"][0]["url"], content=content, timeout=60).raise_for_status()
    story.call("complete", "POST", f"uploads/{view['upload_id']}/complete", json={})
    answer = story.post("run of upload", json.dumps({"upload_id": view["upload_id"]}).encode())
    assert answer.status_code == 202, answer.text
    story.end("run of upload", answer.json()["run_id"])
    odd = wanted | {"filename": story.mark("upload: other name"), "media_type": f"text/{story.mark('upload: type')}"}
    left = story.call("upload left", "POST", "uploads", json=odd).json()["upload_id"]
    story.call("complete too early", "POST", f"uploads/{left}/complete", json={
        "parts": [{"part": 1, "etag": story.mark("upload: etag")}]
    })  # fmt: skip


def an_endpoint(story: Story) -> None:
    """A callback URL that is registered, tested, rotated and disabled for a reason, and callbacks that come again."""
    url = f"{story.consumer.url}/{story.mark('endpoint: path')}?key={story.mark('endpoint: query')}"
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    story.canaries.watch("a given signing secret", secret.removeprefix("whsec_"))
    made = story.call("endpoint", "POST", "endpoints", json={"url": url, "secret": secret}).json()
    place = f"endpoints/{made['endpoint_id']}"
    story.call("test", "POST", f"{place}/test")
    fresh = story.call("rotate", "POST", f"{place}/rotate").json()["secrets"][0]["secret"]
    story.canaries.watch("a new signing secret", fresh.removeprefix("whsec_"))
    story.call("disable", "PATCH", place, json={"enabled": False, "reason": story.mark("endpoint: reason")})
    story.call("bad endpoint", "POST", "endpoints", json={"url": f"http://10.0.0.1/{story.mark('endpoint: refused')}"})
    story.end("disabled", story.submit("disabled", url))


CHAPTERS = (
    all_goes_well, a_file, what_is_refused, a_silent_service, a_required_service_is_silent, a_worker_dies,
    an_upload, an_endpoint, the_stores_fail,
)  # fmt: skip
ENDS = {
    "json": {RunStatus.COMPLETED, RunStatus.PARTIAL}, "csv": {RunStatus.COMPLETED, RunStatus.PARTIAL},
    "partial": {RunStatus.PARTIAL}, "cancelled": {RunStatus.CANCELLED}, "failed": {RunStatus.FAILED},
}  # fmt: skip
"""Chapters that would be about nothing if they ended in another way."""
