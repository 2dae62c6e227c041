"""What a column's header and values tell of it: a readable name, and whether it is personal or an identifier."""

import re
from collections.abc import Iterable

NOT_GIVEN = frozenset({"n/a", "na", "nan", "none", "null", "-", "--", "#n/a", "?"})
"""Spellings of an empty cell."""

_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_BETWEEN = re.compile(r"[\s_.\-/]+")

_A_PERSON = re.compile(
    r"client|contact|customer|patient|person|respondent|sender|staff|submitter|user|username|nickname|surname|firstname"
    r"|lastname|fullname|name|(?:first|last|full|family|given|middle|user) name"
)
"""Headers that, without what makes them a reference, name a person; as a part of a header they need not."""
_A_WORKER = re.compile(r"\b(?:agent|assignee|author|employee|manager|operator|owner|rep|representative|reviewer)\Z")
_REFERENCE = re.compile(r" (?:(?:full |first |last )?name|id|ref|reference|key|number|no|code|handle)\Z")
_CONTACT = re.compile(
    r"\b(?:e ?mails?|phones?|telephone|tel|fax|address|street|postcode|postal|zip|ssn|passport|iban|birth"
    r"|birthday|birthdate|dob|ip|latitude|longitude|social security|tax id)\b"
)
_IDENTIFIER = re.compile(
    r"\b(?:ids?|uuid|guid|ref|reference|key|number|no|nr|code|sku|index|row|hash|url|link)\Z|unnamed"
)
_PERSONAL_VALUE = re.compile(r"@[\w-]+\.\w|(?<![\d.])\d(?:[ ()-]{0,2}\d){8}")
"""An e-mail address, or as many digits as a telephone number has."""


def readable(header: str) -> str:
    """The header as words: `department_name` is "Department name", "Department Name" stays."""
    words = _BETWEEN.sub(" ", _CAMEL.sub(" ", header)).strip()
    return words[:1].upper() + words[1:]


def is_personal(header: str) -> bool:
    """Whether the header speaks of a person or of how to reach one."""
    words = readable(header).casefold()
    if _CONTACT.search(words):
        return True
    bare = _REFERENCE.sub("", words)
    return any(_A_PERSON.fullmatch(each) or _A_WORKER.search(each) for each in (words, bare))


def is_identifier(name: str) -> bool:
    """Whether numbers under this name count nothing, so that bands of them would mean nothing."""
    return _IDENTIFIER.search(name.casefold()) is not None


def looks_personal(values: Iterable[str]) -> bool:
    """Whether any value looks like an e-mail address or a telephone number."""
    return any(_PERSONAL_VALUE.search(value) for value in values)
