"""XLSX: sheets, types, merged cells, and workbooks that are out to hurt."""

import io
import zipfile
from datetime import UTC, datetime

import openpyxl
import pytest

from millrace.contracts.api import ColumnMapping
from millrace.ingestion.domain.archive import unpacked
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options, Parsed

HEADER = ["id", "review", "stars"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def edited(data: bytes, edit) -> bytes:  # type: ignore[no-untyped-def]
    book = openpyxl.load_workbook(io.BytesIO(data))
    edit(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def mapped(parsed: Parsed) -> ColumnMapping:
    assert parsed.mapping is not None
    return parsed.mapping


@pytest.mark.parametrize(("media_type", "name"), [(XLSX, ""), ("", "x.xlsx"), ("", ""), ("", "x.csv")])
def test_a_workbook_is_told_by_its_content_whatever_it_is_called(media_type: str, name: str) -> None:
    parsed = parse(workbook(May=[HEADER, ["a7", "good", 5]]), media_type, name)
    assert [(record.record_id, record.text) for record in parsed.records] == [("a7", "good")]
    assert (mapped(parsed).format, mapped(parsed).sheets, mapped(parsed).delimiter) == ("xlsx", ("May",), "")


def test_typed_cells_read_as_a_csv_file_would_have_them() -> None:
    # given whole numbers, a date, a serial number under a date's header, a truth value and errors
    rows: list[list[object]] = [
        ["id", "review", "stars", "created at", "vip", "age"],
        [1001, "  good coat ", 5, datetime(2024, 1, 5, 10, 30), True, 33],  # noqa: DTZ001 - Excel knows no zones
        [1002, "#NAME?", 4, 45296.4375, False, "#N/A"],
    ]
    # when
    first, second = parse(workbook(Data=rows)).records
    # then
    assert (first.record_id, first.text, first.created_at) == (
        "1001",
        "good coat",
        datetime(2024, 1, 5, 10, 30, tzinfo=UTC),
    )
    assert first.rating is not None and first.rating.value == 5
    assert first.attrs == {"vip": "true", "age": "33"}
    assert (second.text, second.created_at) == ("", datetime(2024, 1, 5, 10, 30, tzinfo=UTC))
    assert second.attrs == {"vip": "false"}


def test_sheets_of_the_same_columns_are_joined_and_the_rest_is_named() -> None:
    data = workbook(
        About=[["Exported by"], ["the helpdesk"]], April=[HEADER, ["a", "good", 5], ["", "", ""], ["x", "", ""]],
        May=[["ID", "Review", "Stars"], ["a", "bad fit", 1]],
    )  # fmt: skip
    parsed = parse(data)
    assert [(record.record_id, record.text) for record in parsed.records] == [
        ("r000001", "good"),
        ("r000001-2", "bad fit"),
    ]
    assert (mapped(parsed).sheets, mapped(parsed).sheets_left) == (("April", "May"), ("About",))
    assert [(fault.row, fault.reason) for fault in parsed.set_aside] == [(3, "neither text nor rating (sheet 'April')")]


def test_of_different_sheets_the_one_with_most_texts_is_taken() -> None:
    data = workbook(
        Scores=[["id", "stars"], *([number, 4] for number in range(20))],
        Comments=[["id", "comment"], [1, "good"], [2, "bad"]],
        Empty=[["id", "comment", "extra"]],
    )
    parsed = parse(data)
    assert (mapped(parsed).sheets, mapped(parsed).sheets_left) == (("Comments",), ("Scores", "Empty"))
    assert [record.text for record in parsed.records] == ["good", "bad"]


def test_the_producers_mapping_chooses_the_sheet_that_has_the_column() -> None:
    data = workbook(A=[["id", "comment"], [1, "good"], [2, "fine"]], B=[["id", "verdict"], [1, "bad"]])
    parsed = parse(data, options=Options(mapping={"text": "verdict"}))
    assert (mapped(parsed).sheets, [record.text for record in parsed.records]) == (("B",), ["bad"])


def test_hidden_sheets_are_not_read_and_that_is_said() -> None:
    def hide(book: openpyxl.Workbook) -> None:
        book["Old"].sheet_state = "hidden"

    parsed = parse(edited(workbook(New=[HEADER, [1, "good", 5]], Old=[HEADER, [2, "bad", 1]]), hide))
    assert [record.text for record in parsed.records] == ["good"]
    assert parsed.notes == ("hidden sheets that were not read: 1",)


def test_titles_and_blank_rows_above_the_table_do_not_matter() -> None:
    rows: list[list[object]] = [["Feedback of May"], [], ["Exported", "2024-06-01"], [], HEADER, [7, "good", 5]]
    parsed = parse(workbook(May=rows))
    assert [(record.record_id, record.text) for record in parsed.records] == [("7", "good")]
    assert parsed.notes == ("rows above the header that were not read: 2",)


def test_a_name_that_is_merged_downwards_stands_in_every_row_and_a_rating_in_the_first() -> None:
    # given
    rows: list[list[object]] = [
        ["customer", "comment", "stars"], ["Ash Ltd", "good", 5], [None, "late again", None], ["Birk", "bad", 1],
    ]  # fmt: skip

    def merge(book: openpyxl.Workbook) -> None:
        book["S"].merge_cells("A2:A3")
        book["S"].merge_cells("C2:C3")

    # when
    records = parse(edited(workbook(S=rows), merge)).records
    # then
    assert [record.customer_ref for record in records] == ["Ash Ltd", "Ash Ltd", "Birk"]
    assert [record.rating.value if record.rating else None for record in records] == [5, None, 1]


@pytest.mark.parametrize("sheets", [{"S": []}, {"S": [HEADER]}, {"S": [[], []], "T": [HEADER]}])
def test_a_workbook_without_rows_is_an_empty_batch(sheets: dict[str, list[list[object]]]) -> None:
    parsed = parse(workbook(**sheets))
    assert (parsed.records, parsed.notes) == ((), ("the file holds no rows",))


def test_formats_to_the_end_of_the_sheet_are_no_content() -> None:
    def colour(book: openpyxl.Workbook) -> None:
        for at in ("A1048576", "XFD3"):
            book["S"][at].font = openpyxl.styles.Font(bold=True)

    parsed = parse(edited(workbook(S=[HEADER, [1, "good", 5]]), colour))
    assert [record.text for record in parsed.records] == ["good"]


@pytest.mark.parametrize("far", ["XFD1048576", "A1048576", "XFD1"])
def test_a_stray_cell_far_off_is_refused_before_memory_is_reserved_for_all_between(far: str) -> None:
    def stray(book: openpyxl.Workbook) -> None:
        book["S"][far] = "x"

    with pytest.raises(BadFile) as caught:
        parse(edited(workbook(S=[HEADER, [1, "good", 5]]), stray))
    assert (caught.value.code, "stray cell" in caught.value.detail) == ("too_many_records", True)


def repacked(data: bytes, **parts: bytes) -> bytes:
    """The workbook with some of its parts replaced or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name.replace("_", "/") + ".xml", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"xl_sharedStrings": b"<sst><si><t>" + b"x" * (2 << 20) + b"</t></si></sst>"}, "field_too_long"),
        ({"xl_bomb": b" " * (65 << 20)}, "expands_too_far"),
        ({"xl_worksheets_sheet9": "<a/>".encode("utf-16")}, "unreadable_file"),
    ],
)
def test_a_workbook_that_expands_too_far_is_refused(part: dict[str, bytes], code: str) -> None:
    with pytest.raises(BadFile) as caught:
        unpacked(repacked(workbook(S=[HEADER]), **part))
    assert caught.value.code == code


def test_a_false_size_lets_no_more_out_than_it_says() -> None:
    # given a part whose header says 10 bytes and whose stream holds many
    data = repacked(workbook(S=[HEADER]), xl_bomb=b"y" * 5_000_000)
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/bomb.xml"))
    lying = data[: at + 24] + (10).to_bytes(4, "little") + data[at + 28 :]
    # when / then: the check sum does not fit what was let out
    with pytest.raises(BadFile) as caught:
        unpacked(lying)
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an XLS workbook, or one with a password"),
        (b"PK\x03\x04" + b"\0" * 40, "a damaged ZIP or XLSX file"),
        (repacked(workbook(S=[HEADER])).replace(b"xl/workbook.xml", b"xl/workbook.bin"), "an XLSB workbook"),
    ],
)
def test_other_workbooks_are_named_and_refused(data: bytes, said: str) -> None:
    with pytest.raises(BadFile) as caught:
        parse(data, XLSX)
    assert caught.value.code == "unsupported_format"
    assert said in caught.value.detail
