"""What is expected of conversations, turns and units."""

import re
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from stdnum import iban, luhn

from millrace.dataset_conversations.domain.emails import EMAIL
from millrace.dataset_conversations.domain.found import mentions
from millrace.dataset_conversations.domain.language import UNKNOWN
from millrace.quality.expectations import filled, given, is_share, not_before, not_negative, unique
from millrace.quality.rules import Rule, schema

if TYPE_CHECKING:
    from pandera.pyarrow import DataFrameSchema

MAX_UNKNOWN = 0.2
"""Share of turns whose language may be unknown."""
MAX_TIMELESS = 0.5
"""Share of turns that may be without a time."""

_PHONE = re.compile(
    r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)"
    r"|(?<![\w-])(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?![\w-])"
)
"""International numbers and North American ones with their separators. These patterns are written otherwise than the
masker's, so that one mistake does not hide the other."""
_CARD = re.compile(r"(?<!\d)(?:[2-6]\d{3}[ -]\d{4}[ -]\d{4}[ -]\d{4}|[2-6]\d{12,18})(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d\d(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b")
_STREET = re.compile(
    r"(?<![\w.,$#])\d{1,4} [A-Z][a-z]+ (?:Street|Road|Avenue|Lane)\b(?! [A-Z]?[a-z]+)|[a-zäöü]straße \d"
)
_STREETS = (" Street", " Road", " Avenue", " Lane", "straße ")
_SEVEN_DIGITS = re.compile(r"(?:\d\D{0,4}){6}\d")


def known(table: pa.Table, column: str) -> pa.Array:
    """Whether each language is known."""
    return pc.not_equal(table.column(column), UNKNOWN).combine_chunks()


def after_its_start(table: pa.Table, column: str) -> pa.Array:
    """Whether each unit begins within its text and ends after that."""
    start, end = table.column("start"), table.column(column)
    return pc.and_(pc.greater_equal(start, 0), pc.less(start, end)).combine_chunks()


def in_order(table: pa.Table, column: str) -> pa.Array:
    """Whether each turn is no earlier than the last turn with a time of its conversation, where both stand in a row."""
    marks = [True] * table.num_rows
    conversations, times = table.column("conv_id").to_pylist(), table.column(column).cast(pa.int64()).to_pylist()
    timed = [place for place, at in enumerate(times) if at is not None]
    for earlier, later in pairwise(timed):
        marks[later] = conversations[earlier] != conversations[later] or times[earlier] <= times[later]
    return pa.array(marks, pa.bool_())


def nothing_personal(table: pa.Table, column: str) -> pa.Array:
    """Whether each text holds no personal pattern."""
    return pa.array([not _personal(text) for text in table.column(column).to_pylist()], pa.bool_())


def _personal(text: str | None) -> bool:
    if not text:
        return False
    if "@" in text and EMAIL.search(text):
        return True
    if mentions(text, _STREETS) and _STREET.search(text):
        return True
    if not _SEVEN_DIGITS.search(text):
        return False
    if _PHONE.search(text) or any(luhn.is_valid(re.sub(r"\D", "", match.group())) for match in _CARD.finditer(text)):
        return True
    return any(iban.is_valid(match.group(), check_country=False) for match in _IBAN.finditer(text))


CONVERSATIONS = (
    Rule(name="conversation_ids_unique", column="conv_id", holds=unique, what="repeated ids"),
    Rule(
        name="closed_after_opened",
        column="closed_at",
        holds=partial(not_before, "opened_at"),
        what="conversations that end before they begin",
    ),
)
TURNS = (
    Rule(name="turn_ids_unique", column="turn_id", holds=unique, what="repeated ids"),
    Rule(name="times_ordered", column="created_at", holds=in_order, what="turns before their predecessor"),
    Rule(name="times_given", column="created_at", holds=given, what="without a time", limit=MAX_TIMELESS),
    Rule(name="texts_filled", column="text", holds=filled, what="empty texts"),
    Rule(name="nothing_personal_left", column="text", holds=nothing_personal, what="turns with a personal pattern"),
    Rule(name="unknown_language", column="lang", holds=known, what="in an unknown language", limit=MAX_UNKNOWN),
    Rule(name="language_probabilities", column="lang_prob", holds=is_share, what="probabilities beyond 0 to 1"),
    Rule(name="masked_counts", column="masked", holds=not_negative, what="counts below 0"),
)
UNITS = (
    Rule(name="unit_ids_unique", column="unit_id", holds=unique, what="repeated ids"),
    Rule(name="units_filled", column="text", holds=filled, what="empty units"),
    Rule(name="offsets_ordered", column="end", holds=after_its_start, what="units that end before they begin"),
)


@cache
def conversations() -> "DataFrameSchema":
    """The schema of CONVERSATIONS."""
    return schema("conversations", CONVERSATIONS, frozenset({"closed_at"}))


@cache
def turns() -> "DataFrameSchema":
    """The schema of TURNS."""
    return schema("turns", TURNS, frozenset({"created_at", "lang_prob"}))


@cache
def units() -> "DataFrameSchema":
    """The schema of UNITS."""
    return schema("units", UNITS)
