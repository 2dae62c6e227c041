"""Cursors: opaque, and none but ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.ingestion.cursors import read_cursor, write_cursor
from millrace.ingestion.errors import BadCursor

RUN = "run_01M80000000000000000000000"


@given(st.text(min_size=1, max_size=100).filter(lambda name: name.isprintable()))
def test_a_cursor_is_read_back(name: str) -> None:
    assert read_cursor(write_cursor(name)) == name


def test_the_end_has_no_cursor() -> None:
    assert (write_cursor(None), read_cursor(None)) == (None, None)


def test_a_cursor_is_not_the_name_itself() -> None:
    assert RUN not in str(write_cursor(RUN))


@pytest.mark.parametrize("cursor", ["", RUN, "!", "MTo", "MTo=", "Mjpy", "é", "a" * 600, f"{write_cursor(RUN)}=", "__"])
def test_what_we_did_not_write_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        read_cursor(cursor)


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused(cursor: str) -> None:
    try:
        name = read_cursor(cursor)
    except BadCursor:
        return
    assert write_cursor(name) == cursor
