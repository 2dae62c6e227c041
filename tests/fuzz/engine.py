"""Schemathesis over the API's own description, with every check that it has."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.engine import Status, events, from_schema
from tests.fuzz.front_door import FrontDoor
from tests.fuzz.seeds import Seeds

SLOWEST_S = 60.0
"""Bounds a hang, however loaded the machine is."""
STREAM_S = 2.0
"""How long a stream of events is listened to."""
FILES = (
    "application/x-ndjson", "text/csv", "text/tab-separated-values", "application/pdf", "message/rfc822",
    "application/mbox", "application/vnd.apache.parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
"""Media types that Schemathesis cannot write."""
FITTING = ("2xx", 404, 429)
"""What a request may be answered whose form is right: nothing may be there, and the quota may be used up."""
MEANING: Mapping[str, tuple[int, ...]] = {
    "POST /v1/runs": (400, 409, 413, 415, 422),
    "POST /v1/endpoints": (409, 422),
    "GET /v1/runs": (422,),
    "GET /v1/endpoints": (422,),
    "GET /v1/endpoints/{endpoint_id}/deliveries": (422,),
    "POST /v1/endpoints/{endpoint_id}/rotate": (409,),
    "POST /v1/endpoints/{endpoint_id}/test": (409,),
    "POST /v1/runs/{run_id}/callback/replay": (409,),
    "POST /v1/runs/{run_id}/cancel": (409,),
    "POST /v1/runs/{run_id}/redrive": (409, 422),
    "GET /v1/runs/{run_id}/events": (400,),
    "GET /v1/runs/{run_id}/report": (403, 406),
    "POST /v1/uploads": (413, 422),
    "POST /v1/uploads/{upload_id}/complete": (409, 413, 422),
}
"""What else, because its form is right and its meaning is not: a file of random bytes or too large, a callback URL of
a host that does not exist, a cursor of nowhere, a run that has ended. No other operation can say no to what it says it
takes."""


@schemathesis.serializer(*FILES)
def _as_it_is(context: Any, value: Any) -> Any:
    """A file of any bytes."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


@dataclass
class Found:
    """What came of it."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Operation and status → how often."""
    failures: list[str] = field(default_factory=list)
    """Each once for an operation and kind of fault, with the request that shows it."""
    checks: Counter[str] = field(default_factory=Counter)
    """Check → how often it was applied."""


def fuzz(door: FrontDoor, seeds: Seeds, examples: int, seed: int) -> Found:
    """Ask every operation so many times in each phase: examples, boundaries, random ones, and chains of requests."""
    config = schemathesis.Config.from_dict(_config(door, seeds, examples, seed))
    schema = schemathesis.openapi.from_url(f"{door.url}/openapi.json", config=config)
    found, told = Found(), set[tuple[str, str]]()
    for event in _events(schema):
        if isinstance(event, events.ScenarioFinished):
            _take(event, found, told)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.failures.append(f"{getattr(event, 'label', 'engine')}: {_error(event)}")
    return found


def _events(schema: Any) -> Iterator[Any]:
    stream = from_schema(schema).execute()
    while True:
        event = next(stream)
        yield event
        if isinstance(event, events.EngineFinished):
            return


def _take(event: events.ScenarioFinished, found: Found, told: set[tuple[str, str]]) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None and case_id in recorder.cases:
            label = recorder.cases[case_id].value.operation.label
            if interaction.request.method == label.partition(" ")[0]:
                found.seen[label, str(interaction.response.status_code)] += 1
    for case_id, checks in recorder.checks.items():
        label = recorder.cases[case_id].value.operation.label
        for check in checks:
            found.checks[check.name] += 1
            if check.status is Status.FAILURE and (label, check.name) not in told:
                told.add((label, check.name))
                found.failures.append(_told(label, check, recorder.interactions.get(case_id)))


def _told(label: str, check: Any, interaction: Any) -> str:
    answer = interaction.response if interaction else None
    said = f"{answer.status_code} {answer.content[:600]!r}" if answer is not None else "no answer"
    info = check.failure_info
    return f"{label}: {check.name}: {info.failure}\n{info.code_sample[:1500]}\n{said}"


def _error(event: Any) -> str:
    return str(getattr(event, "value", None) or getattr(event, "exception", None))


def _config(door: FrontDoor, seeds: Seeds, examples: int, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        # Hypothesis reads source as it works, and Python 3.11 parses it in one thread at a time only
        # (https://github.com/python/cpython/issues/106905).
        "workers": 1,
        "headers": {"Authorization": f"Bearer {door.key}"},
        "continue-on-failure": True,
        "request-timeout": STREAM_S,
        "max-stream-events": 5,
        "generation": {"max-examples": examples, "no-shrink": True},
        "checks": {
            "enabled": True,
            "max_response_time": SLOWEST_S,
            "positive_data_acceptance": {"expected-statuses": _statuses(*FITTING)},
            "negative_data_rejection": {"expected-statuses": _statuses(*_WHEN_UNFITTING)},
        },
        "operations": [_meant(operation, statuses) for operation, statuses in MEANING.items()],
        **_real(door, seeds),
    }


def _meant(operation: str, statuses: tuple[int, ...]) -> dict[str, Any]:
    expected = _statuses(*FITTING, *statuses)
    return {"include-name": operation, "checks": {"positive_data_acceptance": {"expected-statuses": expected}}}


def _real(door: FrontDoor, seeds: Seeds) -> dict[str, Any]:
    """Values that mean something, mixed with random ones: else every answer would be that there is no such thing."""
    urls = tuple(f"{door.stack.callback_url}/{number}" for number in range(200))
    values = {
        "runs": seeds.runs, "endpoints": (seeds.endpoint,), "uploads": (seeds.upload,), "tokens": (seeds.token,),
        "flows": ("customer-feedback",), "urls": urls, "secrets": (door.stack.secret,),
    }  # fmt: skip
    often = {"path.run_id": "runs", "path.endpoint_id": "endpoints", "path.upload_id": "uploads", "body.url": "urls",
             "body.flow": "flows", "body.secret": "secrets", "query.callback_url": "urls",
             "body.callback_url": "urls", "query.flow": "flows"}  # fmt: skip
    seldom = {"query.token": "tokens", "query.upload_id": "uploads", "body.upload_id": "uploads"}
    return {
        "dictionaries": {name: {"values": list(each)} for name, each in values.items()},
        "parameters": {
            where: {"dictionary": name, "probability": probability}
            for bound, probability in ((often, 0.9), (seldom, 0.4))
            for where, name in bound.items()
        },
    }


_WHEN_UNFITTING = (400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429)


def _statuses(*statuses: int | str) -> list[str]:
    return [str(status) for status in statuses]
