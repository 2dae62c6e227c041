"""Names of people that the text itself introduces: "my name is …", "regards, …", "Dear …,".

Cues only: a name without a cue stays. Recognising those takes a model, which this service does not have.
"""

import re
from itertools import takewhile

_WORD = r"[A-ZÀ-ÖØ-Þ](?:\.|['\u2019]?[^\W\d_]+(?:['\u2019-][^\W\d_]+)*)"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herr|Frau|Señora?|Mme)\.?[ ]+)?"
_NAME = rf"{_TITLE}(?P<name>{_WORD}(?:[ ]+(?:(?:van|von|de|da|del|la|le|bin|al)[ ]+)*{_WORD}){{0,2}})"
_END = r"(?=[ ]*(?:[.,;!\n]|\Z))"

_CUES = (
    re.compile(
        rf"\b(?i:my (?:full )?name(?: is|'s|\u2019s|:)|i am called|mein name ist|je m'appelle|me llamo)[ ]+{_NAME}"
    ),
    re.compile(rf"\b(?i:my name(?: is|'s|\u2019s))[ ]+(?P<name>[a-zß-öø-ÿ]{{2,20}})(?:{_END}|(?=[ ]+and i\b))"),
    re.compile(rf"\b(?i:this is)[ ]+(?=[^a-z\s]+[a-zß-öø-ÿ]){_NAME}[ ]+(?:speaking|here|calling|from)\b"),
    re.compile(
        r"\b(?i:regards|sincerely|yours truly|yours faithfully|best wishes|mit freundlichen grüßen|viele grüße"
        rf"|cordialement|saludos|atentamente)[,.!]?\s*[-\u2013]?\s*{_NAME}{_END}"
    ),
    re.compile(
        rf"(?:^|\n)[ ]*(?i:many thanks|thanks|thank you|cheers|best|love),?[ ]*\n+[ ]*[-\u2013]?[ ]*{_NAME}[ ]*\Z"
    ),
    re.compile(rf"(?:^|\n)[ ]*(?i:hi|hello|dear|hey|hallo|bonjour|hola|liebe[r]?)[ ]+{_NAME}(?=[ ]*[,!:\n])"),
)
"""Case counts in the name and not in its cue, but for a lower-case "my name is anna"."""

_NO_NAME = re.compile(
    r"a|agent|all|and|any(?:one|body)|both|but|company|customers?|every(?:one|body)|folks|for|guys|help|hotel|i|ladies"
    r"|madam|manager|none|not|on|or|sales|service|shop|sirs?|store|support|sure|team|the|there|to|we|whom?|world|you",
    re.IGNORECASE,
)
"""Words that stand where a name might, or follow one in a text all in capitals."""


def introduced(text: str) -> frozenset[str]:
    """The names that the text's cues introduce, as they are written."""
    found = (_up_to_an_ordinary_word(match.group("name")) for cue in _CUES for match in cue.finditer(text))
    return frozenset(name for name in found if len(name) > 1)


def _up_to_an_ordinary_word(name: str) -> str:
    return " ".join(takewhile(lambda word: not _NO_NAME.fullmatch(word), name.split()))


def pattern(names: frozenset[str]) -> re.Pattern[str] | None:
    """Matches these names as whole words, the longest first; None when there are none."""
    if not names:
        return None
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)")
