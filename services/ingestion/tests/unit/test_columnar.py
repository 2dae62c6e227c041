"""Parquet: typed columns, what cannot be read of them, and bounds."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import parse


def parquet(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_typed_columns_become_fields_and_attributes() -> None:
    # given
    moment = datetime(2024, 1, 5, 10, 30, tzinfo=UTC)
    columns = {
        "id": [1001, 1002], "review": pa.array(["good coat", None]).dictionary_encode(), "stars": [5.0, float("nan")],
        "created_at": pa.array([moment, None], pa.timestamp("ns", "Europe/Berlin")), "price": [Decimal("9.90"), None],
        "title": [b"nice", b"so so"], "member": [True, False], "since": [date(2020, 2, 1), None],
        "tags": [["a"], ["b"]], "__index_level_0__": [0, 1],
    }  # fmt: skip
    # when
    parsed = parse(parquet(columns))
    first, second = parsed.records
    # then
    assert (first.record_id, first.text, first.title, first.created_at) == ("1001", "good coat", "nice", moment)
    assert first.rating is not None and first.rating.value == 5
    assert first.attrs == {"price": "9.90", "member": "true", "since": "2020-02-01"}
    assert (second.text, second.rating, second.attrs) == ("", None, {"member": "false"})
    assert parsed.notes == ("columns of lists or structures that were not read: tags",)
    assert parsed.mapping is not None and parsed.mapping.format == "parquet"


@pytest.mark.parametrize("columns", [{}, {"review": pa.array([], pa.string())}])
def test_a_file_without_rows_is_an_empty_batch(columns: dict[str, Any]) -> None:
    assert parse(parquet(columns)).records == ()


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"review": ["x"] * 20_001}, "too_many_records"),
        ({f"q{number}": ["x"] for number in range(201)}, "too_many_columns"),
        ({"review": [f"{number}" * 4_000_000 for number in range(10, 20)]}, "expands_too_far"),
        ({"review": ["x" * 30_000] * 3}, "unreadable_rows"),
    ],
)
def test_a_file_out_of_bounds_is_refused(columns: dict[str, Any], code: str) -> None:
    with pytest.raises(BadFile) as caught:
        parse(parquet(columns))
    assert caught.value.code == code


def test_a_value_in_every_row_is_not_copied_into_every_row() -> None:
    # given eight gigabytes of text in a file of a few kilobytes
    rows = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["y" * 400_000]))
    data = parquet({"review": rows})
    assert len(data) < 200_000
    # when / then
    with pytest.raises(BadFile) as caught:
        parse(data)
    assert caught.value.code == "expands_too_far"


def test_a_damaged_file_is_refused() -> None:
    data = parquet({"review": ["good"] * 100})
    with pytest.raises(BadFile) as caught:
        parse(data[:40] + b"\xff" * 40 + data[80:])
    assert caught.value.code in ("unreadable_file", "no_usable_rows", "unreadable_rows")
    with pytest.raises(BadFile) as cut:
        parse(data[:-20], "application/vnd.apache.parquet")
    assert cut.value.code == "unreadable_file"
