"""What is often expected of a column. Each takes the table and the column's name, and gives one mark a row."""

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]


def unique(table: pa.Table, column: str) -> pa.Array:
    """Whether each value is there for the first time."""
    marks, seen = [], set()
    for value in table.column(column).to_pylist():
        marks.append(value not in seen)
        seen.add(value)
    return pa.array(marks, pa.bool_())


def given(table: pa.Table, column: str) -> pa.Array:
    """Whether each value is there at all."""
    return pc.is_valid(table.column(column)).combine_chunks()


def filled(table: pa.Table, column: str) -> pa.Array:
    """Whether each value is a text with something in it."""
    return pc.greater(pc.utf8_length(table.column(column)), 0).combine_chunks()


def is_share(table: pa.Table, column: str) -> pa.Array:
    """Whether each value lies between 0 and 1, or is not there."""
    values = table.column(column)
    inside = pc.and_(pc.greater_equal(values, 0.0), pc.less_equal(values, 1.0))
    return pc.fill_null(inside, True).combine_chunks()


def not_negative(table: pa.Table, column: str) -> pa.Array:
    """Whether each number is 0 or more, or is not there."""
    return pc.fill_null(pc.greater_equal(table.column(column), 0), True).combine_chunks()


def not_before(start: str, table: pa.Table, column: str) -> pa.Array:
    """Whether each value is no earlier than that of the column `start`, or one of them is not there."""
    return pc.fill_null(pc.greater_equal(table.column(column), table.column(start)), True).combine_chunks()
