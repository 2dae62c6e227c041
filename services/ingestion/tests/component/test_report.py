"""The report over HTTP: by key or by link, as JSON or as a page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from services.ingestion.tests.component.world import AUTH, LINKS
from services.ingestion.tests.component.world import World as Shared

from millrace.contracts.artifacts import HTML, JSON
from millrace.contracts.base import now
from millrace.contracts.report import Lineage, Report
from millrace.contracts.run import RunRecord, RunStatus
from millrace.ingestion.adapters import PagePool
from millrace.ingestion.report_routes import wants_page
from millrace.storage.links import ReportLink
from millrace.testing.factories import START, run_record

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class World(Shared):
    """An API with a run that has a report."""

    def __init__(self, pages: PagePool) -> None:
        super().__init__(pages=pages)
        record = run_record(status=RunStatus.COMPLETED, ended_at=START)
        self.written = _report(record)
        ref, _ = self.artifacts.put(
            tenant="acme", key="report", data=self.written.model_dump_json().encode(), media_type=JSON,
            schema_name="report/1", durable=True,
        )  # fmt: skip
        self.record = record.model_copy(update={"report": ref})
        self.runs.create(self.record)

    def rewrite(self, data: bytes) -> None:
        """Put another report in the place of the run's."""
        ref, _ = self.artifacts.put(
            tenant="acme", key="rewritten", data=data, media_type=JSON, schema_name="report/1", durable=True
        )
        self.runs.replace(self.record.model_copy(update={"report": ref}))

    def get(self, query: str = "", **headers: str) -> Any:
        return self.client.get(f"/v1/runs/{self.record.run_id}/report{query}", headers=headers)

    def token(self, days: int = 1, **changes: Any) -> str:
        given = {"tenant": "acme", "run_id": self.record.run_id, "attempt": 1} | changes
        return LINKS.token(ReportLink(**given), now() + timedelta(days=days))


def _report(record: RunRecord) -> Report:
    lineage = Lineage(batch_sha256="ab" * 32, flow=record.flow, flow_version=1, steps=())
    return Report(
        run_id=record.run_id, tenant="acme", accepted_at=START, records=3, coverage={}, notes=("<b>nothing</b> said",),
        lineage=lineage,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pages() -> Iterator[PagePool]:
    pool = PagePool()
    yield pool
    pool.stop()


@pytest.fixture
def world(pages: PagePool) -> Iterator[World]:
    made = World(pages)
    with made.client:
        yield made


def test_a_program_gets_json_and_a_browser_a_page(world: World) -> None:
    # when
    data, page = world.get(**AUTH), world.get(**AUTH, **BROWSER)
    # then
    assert Report.model_validate_json(data.content) == world.written
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!doctype html>") and world.record.run_id in page.text
    assert "<b>nothing</b>" not in page.text


def test_a_page_may_ask_nobody_for_anything_and_is_not_kept(world: World) -> None:
    # when
    headers = world.get(**AUTH, **BROWSER).headers
    # then
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["cache-control"], headers["referrer-policy"]) == ("private, no-store", "no-referrer")


def test_a_report_of_another_contract_is_no_page_but_still_json(world: World) -> None:
    # given
    data = world.written.model_dump_json(exclude={"lineage"}).encode()
    world.rewrite(data)
    # when
    page, json = world.get(**AUTH, **BROWSER), world.get(**AUTH)
    # then: the answer quotes nothing of it
    assert (page.status_code, page.json()["type"]) == (406, "urn:millrace:problem:not-acceptable")
    assert page.json()["detail"] == "another release wrote this report; ask for it as JSON"
    assert json.content == data


def test_the_link_of_a_callback_opens_the_report_without_a_key(world: World) -> None:
    assert world.get(f"?attempt=1&token={world.token()}").status_code == 200


@pytest.mark.parametrize("changes", [{"days": -1}, {"run_id": "run_01M80000000000000000000009"}, {"attempt": 2}])
def test_a_link_that_is_old_or_for_another_report_opens_nothing(world: World, changes: dict[str, Any]) -> None:
    # when
    answer = world.get(f"?attempt=1&token={world.token(**changes)}")
    # then
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:millrace:problem:bad-link")


def test_a_link_of_another_tenant_finds_nothing(world: World) -> None:
    assert world.get(f"?attempt=1&token={world.token(tenant='rival')}").status_code == 404


def test_without_key_or_link_there_is_no_report(world: World) -> None:
    assert world.get().status_code == 401
    assert world.get("?attempt=1&token=made-up").status_code == 403


@pytest.mark.parametrize("accept", [HTML, f"{HTML};q=0.9, {JSON}", BROWSER["accept"]])
def test_a_page_is_for_those_who_name_html_first(accept: str) -> None:
    assert wants_page(accept)


@pytest.mark.parametrize("accept", ["", "*/*", JSON, f"{JSON}, {HTML}"])
def test_all_others_get_json(accept: str) -> None:
    assert not wants_page(accept)
