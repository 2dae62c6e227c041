"""Cues for names of people, in English, German, French and Spanish, and a little beyond.

A cue is tried where one of its opening words stands, and nowhere else: searching every text for every pattern would
take ten times as long.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from millrace.dataset_conversations.domain.words import NO_NAME, NOT_HERE

_WORD = r"[A-ZÀ-ÖØ-Þ](?:\.|['\u2019]?[^\W\d_]+(?:['\u2019-][^\W\d_]+)*)"
_JOINED = r"(?:van|von|der|den|de|da|del|della|di|la|le|bin|al|dos|ter|y)"
_TITLE = (
    r"(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herrn?|Frau|Fräulein|Mme|Mlle|Monsieur|Madame|Mademoiselle|M|Sr|Sra|Srta|Señora?"
    r"|Señorita|Don|Doña|Sig|Signora?|Dhr|Mevr|Mevrouw)\b\.?[ ]+){0,2}"
)
_NAME = rf"{_TITLE}(?P<name>{_WORD}(?:[ ]+(?:{_JOINED}[ ]+)*{_WORD}){{0,2}})"
_MIXED = r"(?=[^a-z\s]+[a-zß-öø-ÿ])"
"""Not all in capitals."""
_OCCASION = (
    r"(?:[^\W\d_]+[ ])?(?:(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun|Birth|Holi)d|D)ay|Christmas|Easter|Halloween"
    r"|Thanksgiving|Ramadan|Winter|Spring|Summer|Autumn|Fall)\b"
)
"""What comes again and is nobody."""
_END = r"(?=[ ]*(?:[.,;!\n]|\Z))"
_STAFF = (
    "agent|rep|representative|advisor|adviser|assistant|colleague|supervisor|consultant|operator|technician|clerk|driver"
    "|waiter|waitress|server|mitarbeiter|mitarbeiterin|kollege|kollegen|kollegin|berater|beraterin|sachbearbeiter"
    "|sachbearbeiterin|conseiller|conseillère|vendeur|vendeuse|agente|asesor|asesora|compañero|compañera|operador|operadora"
    "|técnico|operatore|operatrice|medewerker|medewerkster"
)
_DID = (
    r"(?=[ ]+(?:helped|was|is|told|said|from|at|in|who|answered|promised|explained|took|called|did|assured|could"
    r"|hat|war"
    r"|sagte|half|konnte|m['\u2019]|a|est|était|qui|me|fue|nos|dijo|ayudó|que|mi|ha|heeft)\b)"
)
_NAMED = r"(?i:,? (?:called|named|namens|nommée?|llamad[oa]|chiamat[oa]|by the name of|genaamd))"

PLAIN_NAME = re.compile(rf"{_WORD}(?:[ ]+(?:{_JOINED}[ ]+)*{_WORD}){{0,3}}")
LABEL = re.compile(
    rf"^(?P<time>[\[(]?\d{{1,2}}[:.]\d\d(?:[:.]\d\d)?[ ]?(?:[AaPp]\.?[Mm]\.?)?[\])]?[ ]+(?:-[ ]+)?)?"
    rf"(?P<name>{_WORD}(?:[ ]{_WORD}){{0,2}})(?:[ ]\([^)\n]{{1,20}}\))?:[ \t]+\S",
    re.MULTILINE,
)
"""Who speaks in a transcript."""


@dataclass(frozen=True, kw_only=True)
class _Cue:
    """Words that open a cue, and what must follow them. Case counts in a name and not in its cue."""

    openings: tuple[str, ...]
    follows: re.Pattern[str]


def _cue(openings: str, follows: str) -> _Cue:
    return _Cue(openings=tuple(openings.split("|")), follows=re.compile(follows))


_WITHIN = (
    _cue(
        "my name|my full name|my first name|my last name|the name is|full name|i am called|mein name ist|ich heiße"
        "|je m'appelle|je m\u2019appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome è|mijn naam is"
        "|ik heet",
        rf"(?:(?i: is|'s|\u2019s|:))?[ ]+{_NAME}",
    ),
    _cue(
        "my name is|my name's|my name\u2019s|mein name ist|je m'appelle|je m\u2019appelle|me llamo",
        rf"[ ]+(?P<name>[a-zß-öø-ÿ]{{2,20}})(?:{_END}|(?=[ ]+(?:and i|und ich|et je|y)\b))",
    ),
    _cue("this is", rf"[ ]+{_MIXED}{_NAME}[ ]+(?:speaking|here|calling|from)\b"),
    _cue("this is", rf"[ ]+{_MIXED}(?!{_OCCASION}){_NAME}[ ]+again{_END}"),
    _cue(
        "regards|sincerely|yours|yours truly|yours faithfully|wishes|grüße|grüßen|gruß|grüsse|grüssen|gruss|lg|vg|mfg"
        "|cordialement|bien à vous|amicalement|bises|salutations|saludo|saludos|saludos cordiales|atentamente"
        "|abrazo|saluti"
        "|groet|groeten|xoxo",
        rf"[,.!]?\s*[-\u2013]?\s*{_NAME}{_END}",
    ),
    _cue(_STAFF, rf"{_NAMED}?,?[ ]+{_NAME}(?:{_DID}|{_END})"),
    _cue(
        "someone|somebody|lady|guy|man|woman|person|gentleman|dame|herr|monsieur|señor|señora", rf"{_NAMED}[ ]+{_NAME}"
    ),
    _cue(
        "spoke to|spoke with|spoken to|spoken with|talked to|talked with|talking to|talking with|speaking to"
        "|speaking with"
        "|chatted with|dealt with|helped by|served by|assisted by|ask for|shout out to|shoutout to|parlé à|parlé avec"
        "|hablé con|me atendió|thanks to",
        rf"[ ]+(?:(?i:an? |the |your )?(?i:{_STAFF})[ ]+)?{_NAME}"
        rf"(?:{_DID}|{_END}|(?=[ ]+(?i:for|on|yesterday|today|twice|and|again)\b))",
    ),
    _cue(
        "mr|mrs|ms|mx|miss|herr|herrn|frau|mme|mlle|monsieur|madame|sr|sra|srta|señor|señora|sig|signor|signora|dhr|mevr|mevrouw",
        rf"\.?[ ]+(?:Dr\.[ ]+)?(?P<name>(?:{_JOINED}[ ]+)*{_WORD}(?:[ ]+{_WORD})?)",
    ),
)
"""Cues within a line. The title must have its capital; see `names_in`."""
_TITLES = _WITHIN[-1]
_BETWEEN_WORDS = re.compile(r"[^\w]+")
_BY_FIRST_WORD: dict[str, list[tuple[str, _Cue]]] = {}
for _each in _WITHIN:
    for _opening in _each.openings:
        _BY_FIRST_WORD.setdefault(_BETWEEN_WORDS.split(_opening)[0], []).append((_opening, _each))

_GREETING = re.compile(
    r"[ ]*(?i:hi(?: there)?|hello|dear|hey|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)"
    r"|liebe[r]?|sehr geehrte[r]?|bonjour|ch[eè]re?|salut|hola|estimad[oa]|querid[oa]|buen[oa]s (?:días|tardes|noches)"
    rf"|ciao|gentile|car[oa]|beste|geachte),?[ ]+{_NAME}(?=[ ]*(?:[,!:\n\u2013\u2014-]|\.\s))"
)
_SIGNED = re.compile(
    r"[ ]*(?i:many thanks|thanks(?: again| in advance)?|thank you|cheers|best|all the best|love|danke|vielen dank|merci"
    rf"|gracias|muchas gracias|grazie|bedankt)[,.!]?[ ]*\n+[ ]*[-\u2013\u2014]?[ ]*{_NAME}[ ]*\Z"
)
_DASHED = re.compile(rf"[ ]*[\u2013\u2014~][ ]*{_NAME}[ ]*\Z")
_LABELLED = re.compile(rf"[ ]*(?i:full |first |last )?(?i:name):[ ]+{_NAME}")
_HERE = re.compile(
    r"[ ]*(?:(?i:hi(?: there| again| team| all)?|hello(?: there| again)?|hey|good (?:morning|afternoon|evening)|hallo"
    rf"|hola)[,.!]?[ ]+)?{_MIXED}(?!(?:[^\W\d_]+[ ])?(?!here\b)(?:(?i:{NO_NAME.pattern}|{NOT_HERE})|{_OCCASION})\b)"
    rf"{_NAME}[ ]here(?=[ ]*(?:[.,!:;\n\u2013\u2014-]|\Z))"
)
"""Who writes, at the start: "Ana here." Without a name that is one by its form, every ordinary word is ruled out."""
_OF_A_LINE = (_GREETING, _SIGNED, _DASHED, _LABELLED)

_BEFORE = re.compile(rf"(?<![^\W\d_][ ])(?<![^\W_])(?:{_NAME})[ ]+(?:(?i:from|in|at) (?i:the |your )?)?\Z")
_AFTER = ("helped me", "assisted me", "customer service", "customer support", "customer care", "support team",
          "help desk", "call center", "call centre")  # fmt: skip
"""What stands after a name that begins a sentence; the name is looked for before it."""
_FROM = re.compile(r"(?i:from|in|at)[ ](?i:the |your )?\Z")
_LOOK_BACK = 60


def names_in(text: str, lowered: str) -> Iterator[str]:
    """What stands where a cue says that a name does."""
    for word in sorted(_BY_FIRST_WORD.keys() & _words(lowered)):
        for opening, cue in _BY_FIRST_WORD[word]:
            if opening in lowered:
                yield from _opened(text, lowered, opening, cue)
    yield from _by_line(text, (*_OF_A_LINE, _HERE) if " here" in lowered else _OF_A_LINE)
    yield from _followed(text, lowered)


def _words(lowered: str) -> set[str]:
    """The words of a text. To replace and split takes a third of the time of a pattern."""
    for mark in ",.!?:;'\u2019()/-\"":
        if mark in lowered:
            lowered = lowered.replace(mark, " ")
    return set(lowered.split())


def _opened(text: str, lowered: str, opening: str, cue: _Cue) -> Iterator[str]:
    for at in _places(lowered, opening):
        if cue is not _TITLES or text[at].isupper():
            match = cue.follows.match(text, at + len(opening))
            if match:
                yield match["name"]


def _places(lowered: str, word: str) -> Iterator[int]:
    """Where the word begins, as a word of its own at both ends."""
    at = lowered.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and lowered[at - 1].isalnum()) and not lowered[end : end + 1].isalnum():
            yield at
        at = lowered.find(word, end)


def _by_line(text: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    at = 0
    while at >= 0:
        for pattern in patterns:
            match = pattern.match(text, at)
            if match:
                yield match["name"]
        at = text.find("\n", at) + 1 or -1


def _followed(text: str, lowered: str) -> Iterator[str]:
    for phrase in _AFTER:
        if phrase not in lowered:
            continue
        for at in _places(lowered, phrase):
            match = _BEFORE.search(text, max(0, at - _LOOK_BACK), at)
            if match and (phrase.endswith(" me") or _FROM.search(text, max(0, at - _LOOK_BACK), at)):
                yield match["name"]
