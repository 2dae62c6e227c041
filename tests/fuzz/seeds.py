"""What lies in the stores before the API is asked: runs in every state, with reports and callbacks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from tests.fuzz.front_door import TENANT, FrontDoor

from millrace.contracts.artifacts import JSON, ArtifactRef
from millrace.contracts.base import now
from millrace.contracts.report import Lineage, Report
from millrace.contracts.run import CallbackStatus, RunRecord, RunStatus
from millrace.storage.links import ReportLink, ReportLinks
from millrace.testing.factories import START, callback_record, run_record


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """Names of what is there."""

    active: str
    """A run that goes on: nobody works on it."""
    ended: str
    """A run that is complete, with a report and a callback."""
    untouched: str
    """Another one, of which nothing is asked: its events come to an end."""
    unreadable: str
    """A run whose report another release wrote: it can be had as JSON, but not as a page."""
    others: tuple[str, ...]
    """Runs in every other state."""
    token: str
    """Opens the report of `ended`."""
    endpoint: str
    upload: str
    """An upload of which nothing has arrived."""

    @property
    def runs(self) -> tuple[str, ...]:
        return (self.active, self.ended, self.unreadable, *self.others)


def planted(door: FrontDoor) -> Seeds:
    """Put it all there."""
    far = now() + timedelta(days=1)
    active = _run(door, status=RunStatus.RUNNING, due_at=far, deadline_at=far)
    done = _run(door, status=RunStatus.COMPLETED, **_ended())
    still = _run(door, status=RunStatus.COMPLETED, **_ended())
    odd = _run(door, status=RunStatus.PARTIAL, **_ended())
    whole = _report(done)
    _with_report(door, done, whole.model_dump_json().encode())
    _with_report(door, odd, whole.model_dump_json(exclude={"lineage"}).encode())
    others = [_run(door, status=RunStatus.ACCEPTED, due_at=far, deadline_at=far)]
    others += [_run(door, status=status, reason="input_lost", **_ended()) for status in
               (RunStatus.FAILED, RunStatus.CANCELLED)]  # fmt: skip
    links = ReportLinks((door.stack.link_secret,))
    token = links.token(ReportLink(tenant=TENANT, run_id=done.run_id, attempt=1), far)
    return Seeds(
        active=active.run_id, ended=done.run_id, untouched=still.run_id, unreadable=odd.run_id, token=token,
        others=tuple(record.run_id for record in others), endpoint=_endpoint(door), upload=_upload(door),
    )  # fmt: skip


def _endpoint(door: FrontDoor) -> str:
    return str(_made(door, "endpoints", {"url": door.stack.callback_url}).get("endpoint_id", ""))


def _upload(door: FrontDoor) -> str:
    return str(_made(door, "uploads", {"size": 9, "media_type": "text/csv"}).get("upload_id", ""))


def _made(door: FrontDoor, what: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {door.key}"}
    answer = httpx.post(f"{door.url}/v1/{what}", json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _ended() -> dict[str, Any]:
    return {"ended_at": START + timedelta(seconds=9), "due_at": None}


def _run(door: FrontDoor, **changes: Any) -> RunRecord:
    record = run_record(tenant=TENANT, **changes)
    callback = callback_record(record.run_id, status=CallbackStatus.DELIVERED, deliveries=1, last_status=200)
    record = record.model_copy(update={"callback": callback} if record.status.terminal else {})
    door.stores.runs.create(record)
    return record


def _report(record: RunRecord) -> Report:
    lineage = Lineage(batch_sha256="ab" * 32, flow=record.flow, flow_version=1, steps=())
    return Report(
        run_id=record.run_id, tenant=TENANT, accepted_at=START, records=3, coverage={}, lineage=lineage
    )  # fmt: skip


def _with_report(door: FrontDoor, record: RunRecord, data: bytes) -> ArtifactRef:
    ref, _ = door.stores.artifacts.put(
        tenant=TENANT, key=f"{record.run_id}/report", data=data, media_type=JSON, schema_name="report/1", durable=True
    )
    door.stores.runs.replace(record.model_copy(update={"report": ref}))
    return ref
