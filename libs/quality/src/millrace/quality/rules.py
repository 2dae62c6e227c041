"""What must hold of the rows of a table, and how pandera is asked about it.

pandera is imported when a schema is first made, which a worker does before it forks: that takes 0.25 s, and 1.2 s where
pandas is installed. Its Arrow backend does without pandas (docs/decisions/0010-quality-checks.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]

from millrace.contracts.insights import Check

if TYPE_CHECKING:
    from pandera.api.pyarrow.types import PyArrowData
    from pandera.pyarrow import DataFrameSchema


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What must hold of a column."""

    name: str
    """As the manifest calls the check."""
    column: str
    holds: Callable[[pa.Table, str], pa.Array]
    """Takes the table and the column's name; a boolean for every row."""
    what: str
    """What the rows are that break it, in words."""
    limit: float = 0.0
    """Share of rows that may break it."""


def schema(name: str, rules: Sequence[Rule], nullable: frozenset[str] = frozenset()) -> "DataFrameSchema":
    """The pandera schema of a table: the rules of its columns, and nulls only where they may be.

    Without types: the writer casts every column or refuses it, and on Arrow pandera tries once per column and call to
    import what is not installed, 6 ms each (`pandera.backends.narwhals.components.check_dtype`, 0.35).
    """
    from pandera.pyarrow import Check as PanderaCheck
    from pandera.pyarrow import Column, DataFrameSchema

    def column(key: str) -> Column:
        mine = [PanderaCheck(_within_limit(rule), name=rule.name, native=True) for rule in rules if rule.column == key]
        return Column(None, mine, nullable=key in nullable)

    return DataFrameSchema({key: column(key) for key in dict.fromkeys(rule.column for rule in rules)}, name=name)


def _within_limit(rule: Rule) -> "Callable[[PyArrowData], pa.Array]":
    def holds(data: "PyArrowData") -> pa.Array:
        marks = rule.holds(data.table, rule.column)
        within = _broken(marks) <= rule.limit * len(marks)
        return pa.array([True] * len(marks), pa.bool_()) if rule.limit and within else marks

    return holds


def _broken(marks: pa.Array) -> int:
    return len(marks) - int(marks.true_count)


def checks(table: pa.Table, schema: "DataFrameSchema", rules: Sequence[Rule]) -> list[Check]:
    """One check for columns and nulls, and one for each rule. They name columns and counts, never values."""
    failed = _failures(table, schema)
    named = {rule.name for rule in rules}
    others = sorted(f"{column}: {kind}" for (column, kind) in failed if kind not in named)
    first = Check(name=f"{schema.name}_schema", passed=not others, detail="; ".join(others))
    return [first, *(_check(rule, table, failed.get((rule.column, rule.name))) for rule in rules)]


def _check(rule: Rule, table: pa.Table, broken: int | None) -> Check:
    if rule.limit:
        count = _broken(rule.holds(table, rule.column))
        share = count / table.num_rows if table.num_rows else 0.0
        detail = f"{rule.column}: {share:.1%} {rule.what}, at most {rule.limit:.0%}"
    else:
        detail = f"{rule.column}: {broken or 0} {rule.what}"
    return Check(name=rule.name, passed=broken is None, detail=detail)


def _failures(table: pa.Table, schema: "DataFrameSchema") -> dict[tuple[str, str], int]:
    """How many rows break what, by column and check. pandera's own messages quote values, so they go no further."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(table, lazy=True)
    except SchemaErrors as errors:
        return {
            (str(each.schema.name), str(getattr(each.check, "name", each.check))): _rows(each.failure_cases)
            for each in errors.schema_errors
        }
    return {}


def _rows(cases: object) -> int:
    return int(cases.num_rows) if isinstance(cases, pa.Table) else 1
