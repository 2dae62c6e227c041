"""Sheets: headers, blank and torn rows, bounds."""

import pytest

from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.sheet import read_sheet


def test_headers_are_unique_and_unnamed_columns_get_a_number() -> None:
    sheet = read_sheet(",Score,Score,Review\n1,2,3,fine\n")
    assert sheet.headers == ("column 1", "Score", "Score (2)", "Review")


@pytest.mark.parametrize(
    ("text", "has_header"),
    [
        ("review,liked\nnice,1\n", True),
        ("Wow... Loved this place.,1\nCrust is not good.,0\n", False),
        ("2024-01-02,nice\n2024-01-03,bad\n", False),
        ("The food was cold and late.\nWe liked the view a lot.\n", False),
        ("Was gefiel Ihnen?;Punkte\nalles;5\n", True),
        ("email,Great service,5\nchat,Slow,1\n", False),
    ],
)
def test_a_header_is_told_from_a_first_row(text: str, has_header: bool) -> None:
    assert read_sheet(text).has_header is has_header


def test_blank_rows_are_left_out_but_counted() -> None:
    sheet = read_sheet("review,stars\nnice,5\n\n , \nbad,1\n")
    assert [(row.number, row.cells) for row in sheet.rows] == [(1, ["nice", "5"]), (4, ["bad", "1"])]


def test_short_rows_are_filled_and_long_ones_are_torn() -> None:
    sheet = read_sheet("review,stars\nnice\nbad,1,,\nso, so, 3\n")
    assert [row.cells for row in sheet.rows] == [["nice", ""], ["bad", "1"]]
    assert [(torn.row, torn.reason) for torn in sheet.torn] == [(3, "more cells than the 2 columns")]


def test_what_a_spreadsheet_wrote_instead_of_text_is_blank() -> None:
    sheet = read_sheet("review,liked\n#NAME?,1\n#1 in town,0\n")
    assert [row.cells for row in sheet.rows] == [["", "1"], ["#1 in town", "0"]]


def test_line_breaks_inside_cells_become_one_kind() -> None:
    sheet = read_sheet('review,stars\r\n"one\r\ntwo\rthree",5\r\n')
    assert sheet.rows[0].cells == ["one\ntwo\nthree", "5"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\n \n", "empty_file"),
        ("review,stars\n", "no_rows"),
        (",".join(f"q{n}" for n in range(201)) + "\n", "too_many_columns"),
        ("review,stars\n" + "x" * 20_001 + ",5\n", "field_too_long"),
        ('review,stars\n"open' + "nice,5\n" * 30_000, "field_too_long"),
        ("review,stars\n" + "nice,5\n" * 20_001, "too_many_records"),
    ],
)
def test_a_file_out_of_bounds_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_sheet(text)
    assert caught.value.code == code


def test_bounds_themselves_are_allowed() -> None:
    wide = ",".join(f"q{n}" for n in range(200))
    assert len(read_sheet(f"{wide}\n{wide}\n").headers) == 200
    assert len(read_sheet("review,stars\n" + "nice,5\n" * 20_000).rows) == 20_000
    assert len(read_sheet("review,stars\n" + "x" * 20_000 + ",5\n").rows) == 1
