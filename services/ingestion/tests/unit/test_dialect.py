"""Delimiters: told by rows that agree, not by counting characters."""

import pytest

from millrace.ingestion.domain.dialect import NO_DELIMITER, rows, sniff, split_declaration


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_rows_agree_on(delimiter: str) -> None:
    lines = [["id", "review", "stars"], ["1", "good", "5"], ["2", "bad", "1"]]
    assert sniff("\n".join(delimiter.join(line) for line in lines)) == delimiter


def test_commas_inside_text_do_not_matter() -> None:
    text = "id;review;price\n1;Nice, warm, soft;4,99\n2;Cheap, thin, itchy;9,50\n3;No, never, ever;1,00\n"
    assert sniff(text) == ";"


def test_quoted_line_breaks_and_delimiters_do_not_matter() -> None:
    text = 'a;b\n"one; two\nthree; four\n";1\n"five;;;";2\n'
    assert sniff(text) == ";"


def test_prose_in_one_column_is_not_cut_at_its_commas() -> None:
    assert sniff("Nice, but slow\nGood, cheap\nPretty, thin\n") == NO_DELIMITER


def test_known_headers_win_where_unquoted_text_tears_rows() -> None:
    assert sniff("review,stars\nNice, but, slow,3\nOk, fine, really,4\nBad,1\n") == ","


def test_a_hint_breaks_a_tie() -> None:
    assert sniff("a\tb,c\nd\te,f\n", "\t") == "\t"
    assert sniff("a\tb,c\nd\te,f\n", ",") == ","


def test_the_line_that_excel_writes_declares_the_delimiter() -> None:
    assert split_declaration("sep=;\r\na;b\r\n") == (";", "a;b\r\n")
    assert split_declaration("separate,b\n") == ("", "separate,b\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_a_line_end_outside_quotes_only(end: str) -> None:
    text = end.join(["a,b", f'"one{end}two",1', "three,2"])
    assert list(rows(text, ",")) == [["a", "b"], [f"one{end}two", "1"], ["three", "2"]]
