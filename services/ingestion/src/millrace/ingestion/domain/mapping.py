"""Which column is which field of the record: what the producer says first, the rest from headers and content."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from millrace.contracts.records import MAX_ATTRS, Record, Scale
from millrace.ingestion.domain.columns import Column
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parsed import Options
from millrace.ingestion.domain.presets import Preset, is_question, matching
from millrace.ingestion.domain.synonyms import EXACT, EXCLUDED, NOT_A_RATING, PERSONAL, likeness, phrase, words

FIELDS = tuple(EXACT)
"""Fields of the record that a column can be."""

_OUTRIGHT = 1_000
"""A likeness above it means that the header says the field itself."""

_LIMITS = {
    name: limit
    for name in FIELDS
    for rule in Record.model_fields[name].metadata
    if (limit := getattr(rule, "max_length", None)) is not None
}
"""Characters that the contract allows, by field."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Every column's part."""

    fields: Mapping[str, Column]
    attrs: tuple[Column, ...]
    ignored: tuple[Column, ...]
    """Blank columns, columns that name a person, and free text beside the text: attributes are not masked."""
    scale: Scale | None
    guessed: bool
    """Whether any field was guessed."""
    also_text: tuple[Column, ...] = ()
    """A survey's further columns of free text, joined to the text."""
    preset: str = ""
    """The known export that the columns belong to."""


def assign(columns: Sequence[Column], options: Options) -> Assignment:
    """A part for every column; BadFile when no column can be text or rating, or the options name what is not there."""
    told = _told(columns, options.mapping)
    preset = matching([column.header for column in columns if column.named])
    fields = _guess(columns, told, preset)
    if not {"text", "title", "rating"} & fields.keys():
        seen = ", ".join(column.header for column in columns[:20])
        raise BadFile("no_text_or_rating", f"no column could be text or rating; columns seen: {seen}")
    scale = _scale(fields.get("rating"), options.scale)
    also_text = () if "text" in told else _also_text(columns, fields, preset)
    used = {column.index for column in (*fields.values(), *also_text)}
    rest = [column for column in columns if column.index not in used]
    attrs = tuple(column for column in rest if _is_attribute(column))[:MAX_ATTRS]
    ignored = tuple(column for column in rest if column not in attrs)
    guessed = any(name not in told for name in fields)
    return Assignment(
        fields=fields, attrs=attrs, ignored=ignored, scale=scale, guessed=guessed, also_text=also_text,
        preset=preset.name if preset else "",
    )  # fmt: skip


def _told(columns: Sequence[Column], mapping: Mapping[str, str]) -> dict[str, Column | None]:
    """The producer's own mapping; None for a field to be left unmapped."""
    by_name = {column.header.casefold(): column for column in reversed(columns)}
    by_name |= {column.header: column for column in columns}
    told: dict[str, Column | None] = {}
    for name, header in mapping.items():
        if name not in FIELDS:
            raise BadFile("unknown_field", f"{name[:64]!r} is no field; fields are {', '.join(FIELDS)}")
        wanted = " ".join(header.split())
        column = by_name.get(wanted) or by_name.get(wanted.casefold())
        if wanted and column is None:
            seen = ", ".join(column.header for column in columns[:20])
            raise BadFile("unknown_column", f"{header[:64]!r} is no column; columns seen: {seen}")
        told[name] = column
    return told


def _guess(columns: Sequence[Column], told: Mapping[str, Column | None], preset: Preset | None) -> dict[str, Column]:
    fields = {name: column for name, column in told.items() if column is not None}
    free = [column for column in columns if column not in fields.values() and not column.blank]
    if preset:
        fields |= _by_preset(free, preset, told)
    for name, column in _by_header(free, [name for name in FIELDS if name not in told]):
        if name not in fields and column not in fields.values():
            fields[name] = column
    for name, find in _BY_CONTENT:
        left = [column for column in free if column not in fields.values() and not _excluded(name, column)]
        if name not in fields and name not in told and (found := find(left)):
            fields[name] = found
    if len(columns) == 1 and not fields and "text" not in told and free and free[0].number_share < 0.5:
        fields["text"] = free[0]
    thread = fields.get("thread_ref")
    if thread and "record_id" not in fields and "record_id" not in told and thread.distinct_share == 1.0:
        # One row per ticket: its number is then the best name for the record as well.
        fields["record_id"] = thread
    return {name: fields[name] for name in FIELDS if name in fields}


def _by_preset(free: Sequence[Column], preset: Preset, told: Mapping[str, Column | None]) -> dict[str, Column]:
    """What the export's own columns are. Its ticket number may be both the thread's name and the record's."""
    by_name = {phrase(column.header): column for column in reversed(free)}
    fields: dict[str, Column] = {}
    for field, names in preset.fields.items():
        fitting = (by_name[name] for name in names if name in by_name and _fits(field, by_name[name], outright=True))
        column = next((each for each in fitting if field == "thread_ref" or each not in fields.values()), None)
        if field not in told and column is not None:
            fields[field] = column
    return fields


def _also_text(columns: Sequence[Column], fields: Mapping[str, Column], preset: Preset | None) -> tuple[Column, ...]:
    """The other questions of a survey that were answered in words."""
    text = fields.get("text")
    if text is None or not text.named or not ((preset and preset.survey) or is_question(text.header)):
        return ()
    return tuple(
        column
        for column in columns
        if column not in fields.values() and column.named and column.mean_words >= 3 and _is_question(column)
    )


def _is_question(column: Column) -> bool:
    asked = is_question(column.header) or likeness("text", column.header) > 0
    return asked and not _excluded("text", column) and column.number_share < 0.5 and column.distinct_share >= 0.5


def _by_header(free: Sequence[Column], names: Sequence[str]) -> Iterator[tuple[str, Column]]:
    """Fields and columns whose header and content agree, likeliest first."""
    ranked = sorted(
        (-likeness(name, column.header), FIELDS.index(name), column.index)
        for name in names
        for column in free
        if column.named and likeness(name, column.header)
    )
    by_index = {column.index: column for column in free}
    for negative, position, index in ranked:
        name, column = FIELDS[position], by_index[index]
        if _fits(name, column, outright=-negative > _OUTRIGHT):
            yield name, column


def _fits(name: str, column: Column, *, outright: bool) -> bool:
    """Whether the column's content can be the field."""
    match name:
        case "rating":
            return _is_rating(column)
        case "created_at":
            return column.date_share(numbers=outright) >= 0.8
        case "text":
            wordy = outright or column.mean_words >= 3
            return wordy and column.number_share < 0.5 and column.date_share() < 0.5
        case "record_id":
            return column.distinct_share >= 0.95 and column.longest <= _LIMITS[name]
        case "author_role":
            return column.role_share >= 0.9
        case _:
            return name == "title" or (column.longest <= _LIMITS[name] and not column.is_free_text)


def _excluded(name: str, column: Column) -> bool:
    """Whether the header speaks against the field, whatever the content."""
    against = set(EXCLUDED.get(name, ())) & set(words(column.header))
    return column.named and (bool(against) or phrase(column.header) in PERSONAL)


def _wordiest(left: Sequence[Column]) -> Column | None:
    texts = [column for column in left if column.mean_words >= 3 and column.number_share < 0.5]
    return max(texts, key=lambda column: (column.mean_words, -column.index), default=None)


def _dated(left: Sequence[Column]) -> Column | None:
    return next((column for column in left if column.number_share < 0.5 and column.date_share() >= 0.9), None)


def _only_rating(left: Sequence[Column]) -> Column | None:
    ratings = [column for column in left if _looks_like_rating(column)]
    return ratings[0] if len(ratings) == 1 else None


def _first_key(left: Sequence[Column]) -> Column | None:
    """The first column, unnamed: data frames write their index so."""
    first = left[0] if left and left[0].index == 0 and not left[0].named else None
    return first if first and (first.is_running or _is_key(first)) else None


def _is_key(column: Column) -> bool:
    """Whether every cell is another single word, and not just one of the few steps of a rating."""
    if column.distinct_share < 1.0 or column.mean_words > 1:
        return False
    return column.number_share < 0.5 or len(column.cells) > 11


_BY_CONTENT = (
    ("created_at", _dated), ("text", _wordiest), ("record_id", _first_key), ("rating", _only_rating),
)  # fmt: skip
"""What headers left open, in the order of how sure the content is."""


def _is_rating(column: Column) -> bool:
    return column.rating_share >= 0.9 and column.scale is not None


def _looks_like_rating(column: Column) -> bool:
    """Few whole values on a small scale, under a header that does not say otherwise."""
    few = len({reading.value for reading in column.readings}) <= 11
    foreign = column.named and (NOT_A_RATING & set(words(column.header)) or phrase(column.header) in PERSONAL)
    return few and not foreign and _is_rating(column) and column.scale is not Scale.PERCENT


def _scale(rating: Column | None, wanted: str) -> Scale | None:
    if wanted:
        return _told_scale(rating, wanted)
    if rating is not None and rating.scale is None:
        raise BadFile("no_scale", f"the numbers of column {rating.header!r} lie on no known scale; name the scale")
    return rating.scale if rating else None


def _told_scale(rating: Column | None, wanted: str) -> Scale:
    if wanted not in list(Scale):
        raise BadFile("unknown_scale", f"{wanted[:64]!r} is no scale; scales are {', '.join(Scale)}")
    if rating is None:
        raise BadFile("no_scale", "a scale is named, but no column could be a rating")
    return Scale(wanted)


def _is_attribute(column: Column) -> bool:
    personal = phrase(column.header) in PERSONAL or column.contact_share >= 0.5
    return not (column.blank or personal or column.is_free_text)
