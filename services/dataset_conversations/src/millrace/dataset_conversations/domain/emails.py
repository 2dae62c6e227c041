"""E-mail addresses, as they are and as people spell them to escape collectors: "john at example dot com"."""

import re
from collections.abc import Iterator

from millrace.dataset_conversations.domain.found import Found, mentions

EMAIL = re.compile(r"[\w+%][\w.+%'-]{0,63}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
"""Local part of up to 64 octets (RFC 5321 section 4.5.3.1.1); bounded, or long words would take quadratic time."""

_TLD = (
    r"(?:com|net|org|edu|gov|info|biz|eu|de|at|ch|fr|be|es|it|nl|uk|ie|us|ca|au|nz|pt|pl|se|dk|fi|no|cz|br|mx|ar|in|jp"
    r"|io|co|me|app|dev)"
)
_STRONG_AT = (
    r"(?:\s?[(\[{<]\s?(?:at|@|ät|arroba|arobase|chiocciola)\s?[)\]}>]\s?"
    r"|\s(?:ät|arroba|arobase|chiocciola)\s|\s?@\s?)"
)
_WORD_DOT = r"(?:\s?[(\[{<]\s?(?:dot|punkt|punto|point|punt|\.)\s?[)\]}>]\s?|\s(?:dot|punkt|punto|point|punt)\s)"
_DOT = rf"(?:{_WORD_DOT}|\s?\.\s?)"
_LOCAL = rf"(?P<local>[\w+%][\w.+%-]{{0,63}}(?:{_WORD_DOT}[\w+-]{{1,40}}){{0,3}})"
_PROVIDER = r"(?:gmail|googlemail|yahoo|hotmail|outlook|live|icloud|aol|gmx|web|proton|protonmail|t-online|orange|mail)"
_SPELLED = (
    re.compile(rf"{_LOCAL}{_STRONG_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,3}}?{_DOT}{_TLD}\b", re.IGNORECASE),
    re.compile(rf"{_LOCAL}\sat\s[\w-]{{1,63}}(?:{_WORD_DOT}[\w-]{{1,63}}){{0,3}}?{_WORD_DOT}{_TLD}\b", re.IGNORECASE),
    re.compile(rf"{_LOCAL}\sat\s{_PROVIDER}\.{_TLD}\b", re.IGNORECASE),
)
_HINTS = (
    "@",
    " dot",
    "(dot",
    "[dot",
    "(at",
    "[at",
    "{at",
    "<at",
    "( at",
    "[ at",
    "arroba",
    "arobase",
    "chiocciola",
    "ät",
)
_AT_PROVIDER = re.compile(rf" at {_PROVIDER}\.")

_NO_LOCAL = re.compile(
    r"look(?:ed|ing)?|order(?:ed|ing)?|b(?:uy|ought|uying)|shop(?:ped|ping)?|purchase[ds]?|sold|sell|found|find|see|saw"
    r"|available|online|it|this|that|them|me|us|you|him|her|here|store|price[ds]?|is|was|are|were|be|item|reviews?|and|or"
    r"|only|dress|shirt|shoes|cheaper|one|same|work(?:s|ed)?|help|service|support|account|experience|working|from|while",
    re.IGNORECASE,
)
"""What stands before "at" where a shop is meant."""
_CUE = re.compile(
    r"(?:mail|contact|reach|write|reply|address|adresse|correo|courriel|dirección|kontakt|posta)[^\n]{0,60}\Z",
    re.IGNORECASE,
)
_CUE_AFTER = re.compile(r"[^\n.]{0,25}\be?-?mail\b", re.IGNORECASE)
_AT_WORD = re.compile(r"\s?[(\[{<]?\s?(?:\b(?:at|ät|arroba|arobase|chiocciola)\b|@)\s?[)\]}>]?\s?", re.IGNORECASE)
_DOT_WORD = re.compile(rf"{_WORD_DOT}|\s?\.\s?", re.IGNORECASE)


def addresses(text: str, lowered: str) -> Iterator[Found]:
    """Addresses with an @ sign and nothing between."""
    if "@" in text:
        for match in EMAIL.finditer(text):
            yield Found(match.start(), match.end(), _canonical(match.group()))


def spelled(text: str, lowered: str) -> Iterator[Found]:
    """Addresses with words or spaces in place of their marks. A bare "at" counts with a cue, or beside a provider."""
    if not mentions(lowered, _HINTS) and not _AT_PROVIDER.search(lowered):
        return
    at = 0
    while match := _first(text, at):
        if _is_meant(text, match):
            at = match.end()
            yield Found(match.start(), at, _canonical(match.group()))
        else:
            at = match.start() + len(match["local"])


def _first(text: str, at: int) -> re.Match[str] | None:
    found = (pattern.search(text, at) for pattern in _SPELLED)
    return min((match for match in found if match), key=lambda match: match.start(), default=None)


def _is_meant(text: str, match: re.Match[str]) -> bool:
    local, between = match["local"], match.group()[len(match["local"]) :]
    if _NO_LOCAL.fullmatch(local):
        return False
    if not between[1:].lower().startswith("at ") or not local.isalpha():
        return True
    if re.search(rf"\b{_PROVIDER}\b", between, re.IGNORECASE):
        return True
    near = _CUE.search(text, max(0, match.start() - 80), match.start()) or _CUE_AFTER.match(text, match.end())
    return near is not None


def _canonical(found: str) -> str:
    return _DOT_WORD.sub(".", _AT_WORD.sub("@", found, count=1)).casefold().strip("'.-")
