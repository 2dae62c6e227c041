"""How good the dataset is: counts, shares and checks. A check that fails is told, never raised."""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa  # type: ignore[import-untyped]

from millrace.contracts.insights import Check, Manifest
from millrace.dataset_conversations.domain import expectations
from millrace.dataset_conversations.domain.build import Dataset
from millrace.dataset_conversations.domain.language import UNKNOWN
from millrace.dataset_conversations.domain.masking import KINDS
from millrace.quality import rules

MAX_EMPTY = 0.2
"""Share of the records that were looked at that may be without text."""
_MAIN_LANGUAGES = 5


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What made a dataset, and from what."""

    generator: str
    code_version: int
    input_sha256: str
    records: int


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The dataset as it is written."""

    conversations: pa.Table
    turns: pa.Table
    units: pa.Table


def manifest(origin: Origin, dataset: Dataset, tables: Tables) -> Manifest:
    """The manifest of a dataset."""
    return Manifest(
        generator=origin.generator,
        code_version=origin.code_version,
        input_sha256=origin.input_sha256,
        tables={
            "conversations": len(dataset.conversations),
            "turns": len(dataset.turns),
            "units": tables.units.num_rows,
        },
        checks=checks(dataset, tables, origin.records),
        facts=facts(dataset, origin.records, tables.units.num_rows),
        shares=shares(dataset),
    )


def facts(dataset: Dataset, records: int, units: int) -> dict[str, float]:
    """Counts of interest."""
    return {
        "records": records,
        "left_out": records - dataset.looked_at,
        "conversations": len(dataset.conversations),
        "turns": len(dataset.turns),
        "units": units,
        "duplicates": sum(1 for turn in dataset.turns if turn.dup_of),
        "duplicate_conversations": sum(1 for each in dataset.conversations if each.dup_of),
        "masked": sum(dataset.replaced.values()),
        **{f"masked_{kind}": dataset.replaced.get(kind, 0) for kind in KINDS},
    }


def shares(dataset: Dataset) -> dict[str, float]:
    """Shares of the turns by language and of duplicates, and of the records that were looked at without text."""
    turns = len(dataset.turns)
    found = Counter(turn.lang for turn in dataset.turns)
    main = sorted(found.items(), key=lambda each: (-each[1], each[0]))[:_MAIN_LANGUAGES]
    return {
        "empty": _share(dataset.looked_at - turns, dataset.looked_at),
        "duplicates": _share(sum(1 for turn in dataset.turns if turn.dup_of), turns),
        f"lang_{UNKNOWN}": _share(found[UNKNOWN], turns),
        **{f"lang_{code}": _share(count, turns) for code, count in main},
    }


def checks(dataset: Dataset, tables: Tables, records: int) -> tuple[Check, ...]:
    """Every check with what it found: those of the tables, and two of the batch as a whole."""
    empty = shares(dataset)["empty"]
    left_out = records - dataset.looked_at
    why = ": the stage's time ran short; the others are a random sample" if left_out else ""
    return (
        *rules.checks(tables.conversations, expectations.conversations(), expectations.CONVERSATIONS),
        *rules.checks(tables.turns, expectations.turns(), expectations.TURNS),
        *rules.checks(tables.units, expectations.units(), expectations.UNITS),
        Check(name="empty_texts", passed=empty <= MAX_EMPTY, detail=f"{empty:.1%}, at most {MAX_EMPTY:.0%}"),
        Check(name="all_looked_at", passed=not left_out, detail=f"{left_out} of {records} records left out{why}"),
    )


def _share(count: int, total: int) -> float:
    return round(count / total, 6) if total else 0.0
