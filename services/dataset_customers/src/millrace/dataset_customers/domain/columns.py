"""What a column's header and values tell of it: a readable name, and whether it is personal or an identifier."""

import re
from collections.abc import Iterable

NOT_GIVEN = frozenset({"n/a", "na", "nan", "none", "null", "-", "--", "#n/a", "?"})
"""Spellings of an empty cell."""

_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_BETWEEN = re.compile(r"[\s_.\-/]+")

_NOT_A_LETTER = re.compile(r"[^a-z]+")

_A_PERSON = re.compile(
    r"client|contact|customer|patient|person|respondent|sender|staff|submitter|user|username|nickname|surname|firstname"
    r"|lastname|fullname|name|(?:first|last|full|family|given|middle|user) name"
    r"|kund(?:e|in)|kundenname|vorname|nachname|bearbeiter(?:in)?|mitarbeiter(?:in)?|ansprechpartner(?:in)?|nom|pr[eé]nom"
    r"|nom complet|nombre|nombre completo|apellidos?|cliente|nome|cognome|naam|voornaam|achternaam|klant"
    r"|\w+ by|(?:assigned|escalated|shipped|sent|sold) to"
)
"""Headers that, without what makes them a reference, name a person; as a part of a header they need not."""
_A_WORKER = re.compile(r"\b(?:agent|assignee|author|employee|manager|operator|owner|rep|representative|reviewer)\Z")
_REFERENCE = re.compile(r" (?:(?:full |first |last )?name|id|ref|reference|key|number|no|code|handle)\Z")
_CONTACT = re.compile(
    r"\b(?:e ?mails?|phones?|telephone|tel|fax|address|street|postcode|postal|zip|ssn|passport|iban|birth"
    r"|telefon(?:nummer)?|handynummer|adresse|anschrift|stra(?:ß|ss)e|plz|postleitzahl|geburts\w*|t[eé]l[eé]phone|courriel"
    r"|code postal|naissance|tel[eé]fono|m[oó]vil|correo|direcci[oó]n|c[oó]digo postal|nacimiento|indirizzo|adres"
    r"|birthday|birthdate|dob|ip|latitude|longitude|social security|tax id)\b"
)
_IDENTIFIER = re.compile(
    r"\b(?:ids?|uuid|guid|ref|reference|key|number|no|nr|code|sku|index|row|hash|url|link)\Z|unnamed"
)
_CONTACT_VALUE = (
    r"@[\w-]+\.\w|\s@\s?[\w-]+\.\w|\(at\)|\[at\]|\+\d(?:[ ()./-]{0,3}\d){6}|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"
    r"|\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3}"
    r"|\b\d{1,5}[a-z]? (?:\w+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|boulevard|blvd)\b"
    r"|\w(?:stra(?:ß|ss)e|str\.) \d|\b\d{1,4},? (?:rue|avenue) \w|\b(?:calle|piazza|viale) \w[\w ]*,? \d"
    r"|\b(?:herr|frau|mme) [a-z]"
)
_PERSONAL_VALUE = re.compile(rf"{_CONTACT_VALUE}|(?<![\d.])\d(?:[ ()-]{{0,2}}\d){{8}}", re.IGNORECASE)
"""An address, an account or a person with a title, or as many digits as a telephone number has."""
_WAY_TO_REACH = re.compile(_CONTACT_VALUE, re.IGNORECASE)


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


def harmless(value: str) -> str:
    """The value, or nothing where it holds an address or a person. Digits alone stay: products have long numbers."""
    return "" if _WAY_TO_REACH.search(value) else value


def bare(header: str) -> str:
    """The header in lower case and without anything between its words: `First Reply At` is `firstreplyat`."""
    return _NOT_A_LETTER.sub("", header.lower())
