"""Street and postal addresses. A street needs its house number; whatever is no street beyond doubt needs a cue, a
postcode or a town beside it, so that "size 40 street style" and "2 Stunden Arbeitsweg 20 Minuten" stay.
"""

import re
from collections.abc import Iterator

from millrace.dataset_conversations.domain import streets
from millrace.dataset_conversations.domain.found import Found

_NUMBER = re.compile(r"\d+")
_PART_OF_SOMETHING = re.compile(r"[\w.,/]")
_POSTCODE_DIGITS = 5
_LOOK_BACK = 90
_LONGEST_BOX = 32
_KINDS = (
    ("straße", "str"), ("strasse", "str"), ("straat", "str"), ("street", "st"), ("avenue", "ave"), ("avda", "avenida"),
    ("road", "rd"), ("lane", "ln"), ("boulevard", "blvd"), ("drive", "dr"), ("court", "ct"), ("place", "pl"),
    ("square", "sq"), ("apartment", "apt"), ("c/", "calle"),
)  # fmt: skip
"""Spellings of the same kind of street."""
_NOT_ALNUM = re.compile(r"[\W_]+")

Place = tuple[int, int, str]
"""Start, end and street of an address."""


def addresses(text: str, lowered: str) -> Iterator[Found]:
    """Every address in order; its value is the street with its number, without the town."""
    found = sorted(
        (place for number in _NUMBER.finditer(text) for place in _at(text, lowered, number) if place),
        key=lambda place: (place[0], -place[1]),
    )
    at = 0
    for start, end, street in found:
        if start >= at:
            at = end
            yield Found(start, end, _canonical(street))


def _at(text: str, lowered: str, number: re.Match[str]) -> Iterator[Place | None]:
    """What the number that begins here may be: a postcode, a house's, a post box's."""
    start, end = number.span()
    if end - start == _POSTCODE_DIGITS:
        yield _american_town(text, start)
        yield _town(text, start)
    if start and "A" <= text[start - 1] <= "Z":
        yield _british_town(text, start)
    if start and _PART_OF_SOMETHING.match(text, start - 1):
        return
    yield _box(text, start)
    yield _french(text, start) or _english(text, start) or _germanic(text, lowered, start) or _romance(text, start)


def _box(text: str, start: int) -> Place | None:
    before = streets.POST_BOX_BEFORE.search(text, max(0, start - _LONGEST_BOX), start)
    number = streets.POST_BOX_NUMBER.match(text, start)
    if before is None or number is None:
        return None
    town = streets.POST_BOX_TOWN.match(text, number.end())
    return before.start(), (town.end() if town else number.end()), text[before.start() : number.end()]


def _english(text: str, start: int) -> Place | None:
    match = streets.ENGLISH.match(text, start)
    if match is None or _no_house(text, match):
        return None
    end = match.end()
    unit = streets.ENGLISH_UNIT.match(text, end)
    end = unit.end() if unit else end
    town = streets.ENGLISH_TOWN.match(text, end)
    words = match["name"].split()
    named = all(word[0].isupper() or word[0].isdigit() for word in words)
    posted = town is not None and streets.ENGLISH_POSTED.search(town.group()) is not None
    sure = named and match["plain"] is not None and _capital_kind(match)
    if not (sure or posted or (unit and named) or _cued(text, start)):
        return None
    before = streets.FLAT_BEFORE.search(text, max(0, start - 20), start)
    return (before.start() if before else start), (town.end() if town else end), match["core"]


def _capital_kind(match: re.Match[str]) -> bool:
    """Whether the kind of the street has its capital, or cannot be another word."""
    kind: str = match["plain"]
    return kind[0].isupper() or kind in ("avenue", "boulevard", "road", "street", "lane")


def _no_house(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 20) : match.start()]
    if streets.NOT_A_NUMBER_OF_A_HOUSE.search(before) or streets.NOT_A_STREET.match(text, match.end()):
        return True
    digits = _NUMBER.match(match["core"])
    return bool(digits and streets.YEAR.match(digits.group()) and streets.YEAR_BEFORE.search(before))


def _cued(text: str, start: int) -> bool:
    return streets.CUE.search(text, max(0, start - _LOOK_BACK), start) is not None


def _french(text: str, start: int) -> Place | None:
    match = streets.FRENCH.match(text, start)
    if match is None:
        return None
    town = streets.FRENCH_TOWN.match(text, match.end())
    return start, (town.end() if town else match.end()), match["core"]


def _germanic(text: str, lowered: str, start: int) -> Place | None:
    before = lowered[max(0, start - _LOOK_BACK) : start].rstrip(" ")
    plain = before.endswith(streets.GERMANIC_ENDS)
    if not plain and not before.endswith(streets.GERMANIC_VAGUE):
        return None
    number = streets.GERMANIC_NUMBER.match(text, start)
    name = streets.GERMANIC_NAME.search(text, max(0, start - _LOOK_BACK), start)
    if number is None or name is None:
        return None
    town = streets.GERMANIC_TOWN.match(text, number.end())
    posted = town is not None and re.search(r"\d{4}", town.group()) is not None
    if not (posted or (plain and name.group()[0].isupper()) or _cued(text, name.start())):
        return None
    return name.start(), (town.end() if town else number.end()), text[name.start() : number.end()]


def _romance(text: str, start: int) -> Place | None:
    from_ = max(0, start - _LOOK_BACK)
    if streets.ROMANCE_HINT.search(text, from_, start) is None:
        return None
    name = streets.ROMANCE_NAME.search(text, from_, start)
    number = streets.ROMANCE_NUMBER.match(text, start)
    if name is None or number is None:
        return None
    town = streets.ROMANCE_TOWN.match(text, number.end())
    posted = streets.ROMANCE_POSTED.match(text, number.end()) is not None
    named = name["first"][0].isupper() and (not name["vague"] or name["comma"] == ",")
    if not (named or posted or _via(text, name.start(), number) or _cued(text, name.start())):
        return None
    return name.start(), (town.end() if town else number.end()), text[name.start() : number.end()]


def _via(text: str, start: int, number: re.Match[str]) -> bool:
    """Whether it is written as an Italian street is, with a number that is no year."""
    if streets.YEAR.match(number.group()) or not streets.VIA_NAME.match(text, start, number.start()):
        return False
    ended = streets.VIA_END.match(text, number.end())
    return bool(ended or streets.VIA_BEFORE.search(text, max(0, start - _LOOK_BACK), start))


def _american_town(text: str, start: int) -> Place | None:
    code = streets.US_ZIP.match(text, start)
    if code is None:
        return None
    before = streets.US_TOWN_BEFORE.search(text, max(0, start - _LOOK_BACK), start)
    if before is not None and not streets.NO_TOWN.fullmatch(before["town"].split()[0]):
        return before.start(), code.end(), code.group()
    return (start, code.end(), code.group()) if streets.ZIP_CUE.search(text, max(0, start - 30), start) else None


def _british_town(text: str, start: int) -> Place | None:
    letters = start
    while letters > 0 and letters > start - 2 and "A" <= text[letters - 1] <= "Z":
        letters -= 1
    code = streets.UK_WHOLE.match(text, letters) if letters < start else None
    if code is None or (letters > 0 and text[letters - 1].isalnum()):
        return None
    before = streets.UK_TOWN_BEFORE.search(text, max(0, letters - _LOOK_BACK), letters)
    if before is None or (before["town"] and streets.NO_TOWN.fullmatch(before["town"].split()[-1])):
        return None
    return before.start(), code.end(), code.group()


def _town(text: str, start: int) -> Place | None:
    code = streets.TOWN_CODE.match(text, start)
    cued = code is not None and streets.TOWN_CODE_CUE.search(text, max(0, start - 60), start)
    return (start, code.end(), code.group()) if code is not None and cued else None


def _canonical(street: str) -> str:
    folded = street.casefold().replace("ß", "ss")
    for spelling, short in _KINDS:
        folded = folded.replace(spelling.replace("ß", "ss"), short)
    return _NOT_ALNUM.sub("", folded)
