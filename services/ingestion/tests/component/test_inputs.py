"""Every format over the API and a real parser child: what is answered, what is stored, what is refused."""

import asyncio
import gzip
import io
import json
import zipfile

import openpyxl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from reportlab.pdfgen import canvas
from services.ingestion.tests.component.world import TENANT, World

from millrace.ingestion.adapters import ParserPool
from millrace.ingestion.body import Options
from millrace.ingestion.domain.errors import BadFile

ROWS = [("Lovely and soft", 5), ("Too small", 2)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def post(world: World, data: bytes, media_type: str = "application/octet-stream", query: str = "") -> tuple[int, dict]:  # type: ignore[type-arg]
    answer = world.submit(data, media_type, query)
    return answer.status_code, answer.json()


def stored(world: World, run_id: str) -> list[dict]:  # type: ignore[type-arg]
    record = world.runs.get("acme", run_id)
    assert record.records == record.batch.rows
    return [json.loads(line) for line in world.artifacts.get("acme", record.batch).splitlines()]


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
    status, answer = post(world, FILES[name]())
    # then
    assert (status, answer["records"], answer["set_aside"]) == (202, 2, [])
    assert answer["mapping"]["format"] == name
    assert [record["text"] for record in stored(world, answer["run_id"])] == [text for text, _ in ROWS]


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
    status, answer = post(world, data, media_type)
    # then
    assert (status, answer["records"], answer["set_aside_total"]) == (202, 0, 0)
    assert stored(world, answer["run_id"]) == []


def test_rows_that_cannot_be_used_are_set_aside_with_row_and_reason(world: World) -> None:
    # when
    status, answer = post(world, xlsx([("review", "stars"), *ROWS * 15, (None, None), ("odd", 77), ("bad", 1)]))
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
    status, problem = post(world, data)
    assert (status, problem["type"].removeprefix("urn:millrace:problem:")) == expected
    assert world.runs.records == {}


def test_the_guessed_columns_are_answered_and_can_be_overridden(world: World) -> None:
    # given
    data = xlsx([("Review", "Internal note", "Stars"), ("nice coat here", "called us twice today", 5)])
    # when
    _, guessed = post(world, data)
    _, told = post(world, data, query="?map=text:internal%20note&map=rating:&filename=x.xlsx")
    # then
    assert guessed["mapping"]["fields"] == {"text": "Review", "rating": "Stars"}
    assert (told["mapping"]["fields"], told["mapping"]["guessed"]) == ({"text": "Internal note"}, False)
    assert stored(world, told["run_id"])[0]["text"] == "called us twice today"


def test_a_file_that_eats_memory_ends_its_child_and_the_next_file_is_read(reader: ParserPool) -> None:
    # given 40 GB of cells that are copies of one string just below what is refused outright
    row = '<row r="{0}">' + '<c t="s"><v>0</v></c>' * 4 + "</row>"
    data = shared_string_workbook("x" * 1_000_000, "".join(row.format(number) for number in range(1, 10_000)))

    async def read_both() -> int:
        with pytest.raises(BadFile, match="unreadable"):
            await reader.read(TENANT, data, Options())
        return (await reader.read(TENANT, b"review\nnice\n", Options(media_type="text/csv"))).records

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
