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
        (",".join(f"q{n}" for n in range(201)) + "\n", "too_many_columns"),
        ('review,stars\n"open' + "nice,5\n" * 5_000, "field_too_long"),
        ('review,stars\n"open' + "nice,5\n" * 30_000, "field_too_long"),
        ("review,stars\n" + "nice,5\n" * 20_001, "too_many_records"),
    ],
)
def test_a_file_out_of_bounds_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadFile) as caught:
        read_sheet(text)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", "\n \n", "review,stars\n", "review,stars\n,\n"])
def test_a_file_without_rows_is_an_empty_sheet(text: str) -> None:
    sheet = read_sheet(text)
    assert (sheet.rows, sheet.torn) == ([], [])
    assert sheet.headers == (("review", "stars") if "review" in text else ())


def test_a_huge_cell_takes_only_its_row_with_it() -> None:
    sheet = read_sheet("review,stars\nnice,5\n" + "x" * 20_001 + ",5\nbad,1\n")
    assert [row.number for row in sheet.rows] == [1, 3]
    assert [(torn.row, torn.reason) for torn in sheet.torn] == [(2, "a cell is longer than 20000 characters")]


def test_titles_above_the_header_are_left_out() -> None:
    sheet = read_sheet("Customer feedback\n\nExported on;2024-01-05\nid;review;stars\n7;nice;5\n8;bad;1\n")
    assert (sheet.headers, sheet.delimiter, sheet.skipped) == (("id", "review", "stars"), ";", 2)
    assert [(row.number, row.cells[1]) for row in sheet.rows] == [(1, "nice"), (2, "bad")]


def test_the_three_header_rows_of_qualtrics() -> None:
    sheet = read_sheet(
        "ResponseId,Q1,Q2\nResponse ID,How likely are you to recommend us?,Why?\n"
        '"{""ImportId"":""_recordId""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\nR_1,9,quick\n'
    )
    assert sheet.headers == ("Response ID", "How likely are you to recommend us?", "Why?")
    assert [(row.number, row.cells) for row in sheet.rows] == [(1, ["R_1", "9", "quick"])]


def test_the_two_header_rows_of_surveymonkey() -> None:
    sheet = read_sheet(
        "Respondent ID,Collector ID,How satisfied are you?,Why?,What did you buy?,\n"
        ",,Response,Open-Ended Response,Shoes,Hats\n11,5,4,good fit,Shoes,\n"
    )
    assert sheet.headers[2:] == (
        "How satisfied are you?", "Why?", "What did you buy? - Shoes", "What did you buy? - Hats",
    )  # fmt: skip
    assert len(sheet.rows) == 1


def test_bounds_themselves_are_allowed() -> None:
    wide = ",".join(f"q{n}" for n in range(200))
    assert len(read_sheet(f"{wide}\n{wide}\n").headers) == 200
    assert len(read_sheet("review,stars\n" + "nice,5\n" * 20_000).rows) == 20_000
    assert len(read_sheet("review,stars\n" + "x" * 20_000 + ",5\n").rows) == 1
    assert len(read_sheet('review,stars\n"' + "x\n" * 9_999 + '",5\n').rows) == 1
