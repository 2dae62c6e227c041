"""How good the dataset is: counts, shares and checks. A check that fails is told, never raised."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from stdnum import luhn

from millrace.contracts.insights import Check, Manifest
from millrace.dataset_conversations.domain.build import Dataset
from millrace.dataset_conversations.domain.language import UNKNOWN
from millrace.dataset_conversations.domain.masking import EMAIL, KINDS
from millrace.dataset_conversations.domain.rows import Turn

MAX_UNKNOWN = 0.2
"""Share of turns whose language may be unknown."""
MAX_EMPTY = 0.2
"""Share of records that may be without text."""
_MAIN_LANGUAGES = 5

_PHONE = re.compile(
    r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)"
    r"|(?<![\w-])(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?![\w-])"
)
"""International numbers and North American ones with their separators: written otherwise than the masker's pattern,
so that one mistake does not hide the other."""
_CARD = re.compile(r"(?<!\d)(?:[2-6]\d{3}[ -]\d{4}[ -]\d{4}[ -]\d{4}|[2-6]\d{12,18})(?!\d)")


def manifest(dataset: Dataset, records: int, generator: str, code_version: int, input_sha256: str) -> Manifest:
    """The manifest of a dataset that was made from so many records."""
    tables = {
        "conversations": len(dataset.conversations),
        "turns": len(dataset.turns),
        "units": len(dataset.units),
    }
    return Manifest(
        generator=generator, code_version=code_version, input_sha256=input_sha256, tables=tables,
        checks=checks(dataset, records), facts=facts(dataset, records), shares=shares(dataset, records),
    )  # fmt: skip


def facts(dataset: Dataset, records: int) -> dict[str, float]:
    """Counts of interest."""
    return {
        "records": records,
        "conversations": len(dataset.conversations),
        "turns": len(dataset.turns),
        "units": len(dataset.units),
        "duplicates": sum(1 for turn in dataset.turns if turn.dup_of),
        "duplicate_conversations": sum(1 for each in dataset.conversations if each.dup_of),
        "masked": sum(dataset.replaced.values()),
        **{f"masked_{kind}": dataset.replaced.get(kind, 0) for kind in KINDS},
    }


def shares(dataset: Dataset, records: int) -> dict[str, float]:
    """Shares of the turns by language, of duplicates, and of records without text."""
    turns = len(dataset.turns)
    found = Counter(turn.lang for turn in dataset.turns)
    main = sorted(found.items(), key=lambda each: (-each[1], each[0]))[:_MAIN_LANGUAGES]
    return {
        "empty": _share(records - turns, records),
        "duplicates": _share(sum(1 for turn in dataset.turns if turn.dup_of), turns),
        f"lang_{UNKNOWN}": _share(found[UNKNOWN], turns),
        **{f"lang_{code}": _share(count, turns) for code, count in main},
    }


def checks(dataset: Dataset, records: int) -> tuple[Check, ...]:
    """Every check with what it found."""
    found = shares(dataset, records)
    return (
        _none("turn_ids_unique", _repeated(turn.turn_id for turn in dataset.turns), "repeated ids"),
        _none("unit_ids_unique", _repeated(unit.unit_id for unit in dataset.units), "repeated ids"),
        _none("times_ordered", _out_of_order(dataset.turns), "turns before their predecessor"),
        _none(
            "nothing_personal_left", sum(1 for unit in dataset.units if _personal(unit.text)), "units with a pattern"
        ),
        _at_most("unknown_language", found[f"lang_{UNKNOWN}"], MAX_UNKNOWN),
        _at_most("empty_texts", found["empty"], MAX_EMPTY),
    )


def _personal(text: str) -> bool:
    if "@" in text and EMAIL.search(text):
        return True
    if _PHONE.search(text):
        return True
    return any(luhn.is_valid(re.sub(r"\D", "", match.group())) for match in _CARD.finditer(text))


def _repeated(ids: Iterable[str]) -> int:
    return sum(count - 1 for count in Counter(ids).values())


def _out_of_order(turns: list[Turn]) -> int:
    timed = [(turn.conv_id, turn.created_at) for turn in turns if turn.created_at is not None]
    return sum(1 for (conv, earlier), (same, later) in pairwise(timed) if conv == same and earlier > later)


def _none(name: str, count: int, what: str) -> Check:
    return Check(name=name, passed=count == 0, detail=f"{count} {what}")


def _at_most(name: str, share: float, limit: float) -> Check:
    return Check(name=name, passed=share <= limit, detail=f"{share:.1%}, at most {limit:.0%}")


def _share(count: int, total: int) -> float:
    return round(count / total, 6) if total else 0.0
