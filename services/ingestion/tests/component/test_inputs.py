"""Every format over the API and a real parser child: what is answered, what is stored, what is refused."""

import asyncio
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import openpyxl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from fastapi.testclient import TestClient
from reportlab.pdfgen import canvas

from millrace.contracts.flow import Flow
from millrace.contracts.run import RunRecord
from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import PagePool, ParserPool
from millrace.ingestion.admission import Admission
from millrace.ingestion.app import build
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.body import Options
from millrace.ingestion.control import Control
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.ports import Ports
from millrace.ingestion.pressure import MemoryPressure
from millrace.ingestion.report_routes import Reports
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.links import ReportLinks
from millrace.storage.memory import MemoryFlows, MemoryRuns, memory_artifacts

AUTH = {"authorization": "Bearer key-1"}
FLOW = {
    "name": "customer-feedback", "report": "r.report",
    "stages": [{"name": "one", "budget_s": 5, "steps": [{"name": "r", "task": "analytics.report"}]}],
}  # fmt: skip
ROWS = [("Lovely and soft", 5), ("Too small", 2)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Post:
    """Nobody listens."""

    def start(self, record: RunRecord) -> None:
        """Take the first message."""

    def cancel(self, record: RunRecord, reason: str) -> None:
        raise AssertionError("nobody asked for that")

    def redrive(self, record: RunRecord, start: str) -> None:
        raise AssertionError("nobody asked for that")


@dataclass
class World:
    """An API with its stores."""

    client: TestClient
    runs: MemoryRuns
    artifacts: ArtifactStore

    def post(self, data: bytes, media_type: str = "application/octet-stream", query: str = "") -> tuple[int, dict]:  # type: ignore[type-arg]
        answer = self.client.post(f"/v1/runs{query}", content=data, headers=AUTH | {"content-type": media_type})
        return answer.status_code, answer.json()

    def stored(self, run_id: str) -> list[dict]:  # type: ignore[type-arg]
        record = self.runs.get("acme", run_id)
        assert record.records == record.batch.rows
        return [json.loads(line) for line in self.artifacts.get("acme", record.batch).splitlines()]


@pytest.fixture(scope="module")
def reader() -> Iterator[ParserPool]:
    pool = ParserPool()
    pool.start()
    yield pool
    pool.stop()


@pytest.fixture
def world(reader: ParserPool) -> Iterator[World]:
    runs, artifacts, post, flows = MemoryRuns(), memory_artifacts(), Post(), MemoryFlows()
    flows.publish([Flow.model_validate(FLOW)])
    acceptance = Acceptance(runs=runs, flow_store=flows, artifacts=artifacts, starter=post, allowed_hosts=frozenset())
    links = ReportLinks(("a secret of the tests, long enough",))
    ports = Ports(
        keys=KeyRing({"key-1": "acme"}), runs=runs, acceptance=acceptance,
        reports=Reports(runs=runs, artifacts=artifacts, links=links, painter=PagePool()),
        admission=Admission(runs=runs, flows=acceptance.flows, pressure=MemoryPressure()),
        control=Control(runs=runs, flows=acceptance.flows, asker=post), reader=reader, max_body_bytes=1 << 20,
    )  # fmt: skip
    with TestClient(build(ports), raise_server_exceptions=False) as client:
        yield World(client, runs, artifacts)


def xlsx(rows: list[tuple[object, ...]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"review": [text for text, _ in ROWS], "stars": [stars for _, stars in ROWS]}), buffer)
    return buffer.getvalue()


def pdf() -> bytes:
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer)
    for line, (text, _) in enumerate(ROWS):
        sheet.drawString(50, 800 - 14 * line, f"Customer: {text}")
    sheet.save()
    return buffer.getvalue()


MAIL = "From: ann{0}@x.example\nTo: support@y.example\nSubject: s\nDate: Fri, 05 Jan 2024 10:32:11 +0100\n\n{1}\n"
FILES = {
    "xlsx": lambda: xlsx([("review", "stars"), *ROWS]), "parquet": parquet, "pdf": pdf,
    "mbox": lambda: "".join(f"From x 10:00\n{MAIL.format(*row[::-1])}\n" for row in ROWS).encode(),
    "text": lambda: "\n".join(f"Customer: {text}" for text, _ in ROWS).encode(),
    "csv": lambda: gzip.compress("\n".join(["review,stars", *(f"{text},{stars}" for text, stars in ROWS)]).encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_every_format_is_accepted_and_stored(world: World, name: str) -> None:
    # when
    status, answer = world.post(FILES[name]())
    # then
    assert (status, answer["records"], answer["set_aside"]) == (202, 2, [])
    assert answer["mapping"]["format"] == name
    assert [record["text"] for record in world.stored(answer["run_id"])] == [text for text, _ in ROWS]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"", "text/csv"), (b"", "application/json"), (b"", ""), (b"review,stars\n", "text/csv"), (b"[]", ""),
        (b'{"records": []}', "application/json"), (b"\n\n", "application/x-ndjson"), (xlsx([]), XLSX),
        (xlsx([("review", "stars")]), XLSX), (gzip.compress(b""), "application/gzip"), (b" \n", "text/plain"),
    ],
    ids=["csv", "json", "untold", "header", "list", "document", "lines", "sheet", "header in a sheet", "gz", "blank"],
)  # fmt: skip
def test_a_readable_file_without_rows_is_an_accepted_batch_of_nothing(
    world: World, data: bytes, media_type: str
) -> None:
    # when
    status, answer = world.post(data, media_type)
    # then
    assert (status, answer["records"], answer["set_aside_total"]) == (202, 0, 0)
    assert world.stored(answer["run_id"]) == []


def test_rows_that_cannot_be_used_are_set_aside_with_row_and_reason(world: World) -> None:
    # when
    status, answer = world.post(xlsx([("review", "stars"), *ROWS * 15, (None, None), ("odd", 77), ("bad", 1)]))
    # then
    assert (status, answer["records"], answer["set_aside_total"]) == (202, 31, 1)
    assert [(each["row"], each["field"]) for each in answer["set_aside"]] == [(32, "rating")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"review,stars\n,\n,\nN/A,n/a\n", (422, "no-usable-rows")), (b'[{"text": ""}]', (422, "invalid-records")),
        (gzip.compress(b"x" * (3 << 20)), (413, "expands-too-far")), (b"%PDF-1.7 junk", (422, "unreadable-file")),
        (b"PK\x03\x04zip", (415, "unsupported-format")),
    ],
    ids=["empty cells", "an empty text", "a bomb", "no PDF", "no ZIP"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(world: World, data: bytes, expected: tuple[int, str]) -> None:
    status, problem = world.post(data)
    assert (status, problem["type"].removeprefix("urn:millrace:problem:")) == expected
    assert world.runs.records == {}


def test_the_guessed_columns_are_answered_and_can_be_overridden(world: World) -> None:
    # given
    data = xlsx([("Review", "Internal note", "Stars"), ("nice coat here", "called us twice today", 5)])
    # when
    _, guessed = world.post(data)
    _, told = world.post(data, query="?map=text:internal%20note&map=rating:&filename=x.xlsx")
    # then
    assert guessed["mapping"]["fields"] == {"text": "Review", "rating": "Stars"}
    assert (told["mapping"]["fields"], told["mapping"]["guessed"]) == ({"text": "Internal note"}, False)
    assert world.stored(told["run_id"])[0]["text"] == "called us twice today"


def test_a_file_that_eats_memory_ends_its_child_and_the_next_file_is_read(reader: ParserPool) -> None:
    # given 40 GB of cells that are copies of one string just below what is refused outright
    row = '<row r="{0}">' + '<c t="s"><v>0</v></c>' * 4 + "</row>"
    data = shared_string_workbook("x" * 1_000_000, "".join(row.format(number) for number in range(1, 10_000)))

    async def read_both() -> int:
        with pytest.raises(BadFile, match="unreadable"):
            await reader.read(data, Options())
        return (await reader.read(b"review\nnice\n", Options(media_type="text/csv"))).records

    # when / then
    assert asyncio.run(read_both()) == 1


def shared_string_workbook(text: str, rows: str) -> bytes:
    """A workbook whose cells name one shared string, which openpyxl does not write."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    plain = io.BytesIO(xlsx([("review",)]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/_rels/workbook.xml.rels":
                link = f'<Relationship Id="s" Type="{links}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
                content = content.replace(b"</Relationships>", link.encode())
            if name == "xl/worksheets/sheet1.xml":
                content = f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'.encode()
            new.writestr(name, content)
        new.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}"><si><t>{text}</t></si></sst>')
    return buffer.getvalue()
