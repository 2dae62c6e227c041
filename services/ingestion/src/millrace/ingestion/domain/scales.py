"""Ratings: a cell's number, and which scale a column's numbers lie on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from millrace.contracts.records import Scale
from millrace.ingestion.domain.synonyms import words

_NUMBER = re.compile(
    r"(?:rated\s+)?([-+]?\d{1,6}(?:[.,]\d{1,6})?)\s*"
    r"(?:(?:/|out of|von|sur|de)\s*(\d{1,3})|(%)|(?:stars?|sterne?|estrellas?|étoiles?|points?|★|⭐)|"
    r"[-\u2013:(]\s*\D.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
_GLYPHS = re.compile(r"[★⭐☆\ufe0f\s]+\Z")
_WORDS = {
    "yes": 1.0, "true": 1.0, "good": 1.0, "positive": 1.0, "liked": 1.0, "like": 1.0, "recommended": 1.0, "up": 1.0,
    "no": 0.0, "false": 0.0, "bad": 0.0, "negative": 0.0, "disliked": 0.0, "dislike": 0.0, "not recommended": 0.0,
    "down": 0.0,
}  # fmt: skip
_STEPS: tuple[tuple[float, str], ...] = (
    (5.0, "very satisfied, extremely satisfied, extremely happy, very happy, sehr zufrieden, très satisfait, "
          "très satisfaite, muy satisfecho, muy satisfecha, excellent, exzellent, excelente"),
    (4.0, "satisfied, somewhat satisfied, happy, zufrieden, satisfait, satisfaite, satisfecho, satisfecha"),
    (3.0, "neutral, neither satisfied nor dissatisfied, teils teils, weder noch, neutre, "
          "ni satisfait ni insatisfait, ni satisfecho ni insatisfecho"),
    (2.0, "dissatisfied, somewhat dissatisfied, unsatisfied, unhappy, unzufrieden, insatisfait, insatisfaite, "
          "insatisfecho, insatisfecha"),
    (1.0, "very dissatisfied, extremely dissatisfied, very unsatisfied, extremely unhappy, very unhappy, "
          "sehr unzufrieden, très insatisfait, très insatisfaite, muy insatisfecho, muy insatisfecha"),
)  # fmt: skip
"""The five steps of satisfaction as surveys word them (Freshdesk, SurveyMonkey and their like)."""
_STEP = {name.strip(): value for value, names in _STEPS for name in names.split(",")}
_NO_ANSWER = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "offered", "unoffered", "not rated"})
"""`offered` and `unoffered`: Zendesk's words for a rating that was asked for, or not, and never given."""

_LONGEST = 64
"""Characters of a rating with its label."""
_TOLERANCE = 0.95
"""Share of a column's numbers that must lie on a scale: a few slips must not turn stars into percent. The rest is
what a file may hold of unreadable rows."""

_HINTS: tuple[tuple[str, tuple[Scale, ...]], ...] = (
    ("nps", (Scale.NPS,)), ("promoter", (Scale.NPS,)), ("likely", (Scale.NPS,)),
    ("recommend", (Scale.BINARY, Scale.NPS)), ("recommended", (Scale.BINARY, Scale.NPS)),
    ("recommends", (Scale.BINARY, Scale.NPS)),
    ("csat", (Scale.BINARY, Scale.CSAT, Scale.STARS10, Scale.PERCENT)),
    ("satisfaction", (Scale.BINARY, Scale.CSAT, Scale.STARS10, Scale.PERCENT)),
    ("satisfied", (Scale.BINARY, Scale.CSAT, Scale.STARS10)),
    ("ces", (Scale.CES,)), ("effort", (Scale.CES,)), ("easy", (Scale.CES,)),
    ("stars", (Scale.STARS5, Scale.STARS10)), ("star", (Scale.STARS5, Scale.STARS10)),
    ("sterne", (Scale.STARS5,)), ("percent", (Scale.PERCENT,)),
    ("liked", (Scale.BINARY,)), ("thumbs", (Scale.BINARY,)),
    ("weiterempfehlung", (Scale.NPS, Scale.BINARY)), ("weiterempfehlen", (Scale.NPS, Scale.BINARY)),
    ("empfehlen", (Scale.NPS, Scale.BINARY)), ("weiterempfehlungswahrscheinlichkeit", (Scale.NPS,)),
    ("wahrscheinlich", (Scale.NPS,)), ("recommanderiez", (Scale.NPS, Scale.BINARY)),
    ("recommander", (Scale.NPS, Scale.BINARY)), ("recommandation", (Scale.NPS, Scale.BINARY)),
    ("recomendaría", (Scale.NPS, Scale.BINARY)), ("recomiende", (Scale.NPS, Scale.BINARY)),
    ("recomendar", (Scale.NPS, Scale.BINARY)), ("recomendación", (Scale.NPS, Scale.BINARY)),
    ("zufriedenheit", (Scale.CSAT, Scale.STARS10, Scale.PERCENT)), ("zufrieden", (Scale.CSAT, Scale.STARS10)),
    ("satisfait", (Scale.CSAT, Scale.STARS10)), ("satisfaite", (Scale.CSAT, Scale.STARS10)),
    ("satisfacción", (Scale.CSAT, Scale.STARS10, Scale.PERCENT)), ("satisfecho", (Scale.CSAT, Scale.STARS10)),
    ("satisfecha", (Scale.CSAT, Scale.STARS10)), ("étoiles", (Scale.STARS5,)), ("estrellas", (Scale.STARS5,)),
    ("einfach", (Scale.CES,)), ("facile", (Scale.CES,)), ("fácil", (Scale.CES,)),
)  # fmt: skip
"""Word of the header → the scales it speaks for, likeliest first."""

_OUT_OF = {1: Scale.BINARY, 5: Scale.STARS5, 7: Scale.CES, 10: Scale.STARS10, 100: Scale.PERCENT}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A rating cell as a number."""

    value: float
    out_of: int = 0
    """The top of the scale where the cell says it: 5 in `4/5`."""


def is_unanswered(cell: str) -> bool:
    """Whether the cell says that no rating was given."""
    return cell.casefold() in _NO_ANSWER


def read_rating(cell: str) -> Reading | None:
    """The number in `4`, `4,5`, `4/5`, `80 %`, `4 stars`, `★★★★☆`, `10 - very likely`, `yes`; None if there is none."""
    if len(cell) > _LONGEST:
        return None
    if found := _NUMBER.match(cell):
        number, top, percent = found.groups()
        return Reading(value=float(number.replace(",", ".")), out_of=100 if percent else int(top or 0))
    if cell.casefold() in _WORDS:
        return Reading(value=_WORDS[cell.casefold()], out_of=1)
    if cell.casefold() in _STEP:
        return Reading(value=_STEP[cell.casefold()], out_of=5)
    if cell and _GLYPHS.match(cell):
        full, empty = cell.count("★") + cell.count("⭐"), cell.count("☆")
        return Reading(value=float(full), out_of=5 if full + empty == 5 else 0)
    return None


def is_on_scale(value: float, scale: Scale) -> bool:
    """Whether a rating can have this value; a binary one is 0 or 1, not between."""
    low, high = scale.bounds
    return low <= value <= high and (scale is not Scale.BINARY or value.is_integer())


def guess_scale(header: str, readings: Sequence[Reading]) -> Scale | None:
    """The scale of a column's numbers from its header, their tops and their range; None when none fits."""
    values = [reading.value for reading in readings]
    if not values:
        return None
    tops = {reading.out_of for reading in readings}
    hinted = _hinted(header)
    if len(tops) == 1 and (told := _OUT_OF.get(next(iter(tops)))):
        agreeing = [scale for scale in hinted if scale.bounds[1] == told.bounds[1]]
        hinted = (*agreeing, told, *hinted)
    for scale in hinted:
        if _fit(scale, values) >= _TOLERANCE:
            return scale
    by_range = _by_range(values)
    if by_range is None and hinted and _fit(hinted[0], values) >= 0.5:
        # The header names a scale that many values miss: better refused with those rows than left out in silence.
        return hinted[0]
    return by_range


def _hinted(header: str) -> tuple[Scale, ...]:
    named = words(header)
    return next((scales for word, scales in _HINTS if word in named), ())


def _fit(scale: Scale, values: Sequence[float]) -> float:
    """Share of the values on the scale."""
    return sum(is_on_scale(value, scale) for value in values) / len(values)


def _by_range(values: Sequence[float]) -> Scale | None:
    """0/1 is binary; 1 to 5 stars; 0 to 10 NPS where a 0 occurs, else ten stars; up to 100 percent."""
    above_five = any(value > 5 for value in values)
    candidates = (
        (Scale.BINARY, 0.0 in values),
        (Scale.STARS5, True),
        (Scale.NPS, above_five and 0.0 in values),
        (Scale.STARS10, above_five),
        (Scale.PERCENT, sum(value > 10 for value in values) >= 0.05 * len(values)),
    )
    for scale, possible in candidates:
        if possible and _fit(scale, values) >= _TOLERANCE:
            return scale
    # Small files: one slip among ten rows is more than the tolerance.
    return Scale.STARS5 if _fit(Scale.STARS5, values) >= 0.8 else None
