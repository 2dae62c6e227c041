"""Rules over Arrow tables: what is told of rows that break them."""

from functools import partial
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from millrace.contracts.insights import Check
from millrace.quality.expectations import filled, given, is_share, not_before, not_negative, unique
from millrace.quality.rules import Rule, checks, schema

SECRET = "ann@example.com"


def told(rule: Rule, *values: Any, nullable: bool = False) -> list[Check]:
    table = pa.table({rule.column: list(values)})
    return checks(table, schema("things", [rule], frozenset([rule.column] if nullable else [])), [rule])


def test_a_rule_that_is_broken_tells_column_and_count_and_no_value() -> None:
    # when
    columns, ids = told(Rule(name="ids_unique", column="id", holds=unique, what="repeated ids"), SECRET, SECRET, "b")
    # then
    assert columns == Check(name="things_schema", passed=True)
    assert ids == Check(name="ids_unique", passed=False, detail="id: 1 repeated ids")


@pytest.mark.parametrize(("values", "passed"), [((1, None, None, 2), True), ((1, None, None, None), False)])
def test_a_share_of_the_rows_may_break_a_rule_with_a_limit(values: tuple[int | None, ...], passed: bool) -> None:
    # given
    rule = Rule(name="given", column="at", holds=given, what="without a time", limit=0.5)
    # then
    assert told(rule, *values, nullable=True)[1].passed is passed


def test_a_null_where_none_may_be_is_told_by_its_column() -> None:
    # when
    columns, _ = told(Rule(name="filled", column="text", holds=filled, what="empty texts"), "a", None)
    # then
    assert columns == Check(name="things_schema", passed=False, detail="text: not_nullable")


@pytest.mark.parametrize(
    ("expectation", "values", "marks"),
    [
        (is_share, [0.0, 1.0, 1.1, None], [True, True, False, True]),
        (not_negative, [0, -1, None], [True, False, True]),
        (filled, ["a", ""], [True, False]),
        (partial(not_before, "first"), [3, 1, None], [True, False, True]),
    ],
)
def test_an_expectation_marks_each_row(expectation: Any, values: list[Any], marks: list[bool]) -> None:
    # given
    table = pa.table({"x": values, "first": [2] * len(values)})
    # then
    assert expectation(table, "x").to_pylist() == marks
