"""Flags: cues that ask for action, unless they are negated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from millrace.nlp.domain.cues import CueBook, Found, Word, plain, words
from millrace.nlp.errors import InvalidCues

REACH = 3
"""Words before a cue in which a negation turns it round: "no need to hurry", "it is not that urgent"."""

_NEGATED = (
    "no not never nothing without neither nor don't dont doesn't doesnt didn't didnt isn't isnt aren't arent wasn't "
    "wasnt weren't werent won't wont wouldn't wouldnt shouldn't haven't havent hasn't hasnt hadn't ain't hardly"
)
_NEGATORS = frozenset(_NEGATED.split())
"""Not "can't": who cannot cancel wants to."""
_ENDS_CLAUSE = frozenset(".,;:!?()\n")


@dataclass(frozen=True)
class _Sign:
    flag: str
    exception: bool


class Flags:
    """Flags, ready to be looked for."""

    def __init__(self, data: dict[str, Any]) -> None:
        """`data` as in `flags.toml`; InvalidCues when it cannot be read."""
        try:
            self.labels = {str(flag["id"]): str(flag["label"]) for flag in data["flag"]}
            signs = [
                (cue, _Sign(flag["id"], exception))
                for flag in data["flag"]
                for exception, cues in ((False, flag["cues"]), (True, flag.get("exceptions", ())))
                for cue in cues
            ]
        except (KeyError, TypeError) as error:
            raise InvalidCues("a flag lacks its id, label or cues") from error
        self._book = CueBook(signs)

    def raised(self, text: str, spoken: Sequence[Word] | None = None) -> tuple[str, ...]:
        """Ids of the flags that the text raises, in the data's order; `spoken` are the text's words, if known."""
        spoken = words(text) if spoken is None else spoken
        found = list(self._book.find(text, spoken))
        if not found:
            return ()
        excepted = [each for each in found if each.payload.exception]
        raised = {each.payload.flag for each in found if _counts(each, excepted) and not _negated(each, text, spoken)}
        return tuple(flag for flag in self.labels if flag in raised)


def _counts(found: Found[_Sign], excepted: Sequence[Found[_Sign]]) -> bool:
    if found.payload.exception:
        return False
    return not any(
        other.payload.flag == found.payload.flag and other.start < found.end and found.start < other.end
        for other in excepted
    )


def _negated(found: Found[_Sign], text: str, spoken: Sequence[Word]) -> bool:
    """Whether one of the words shortly before the cue, in its clause, is a negation."""
    before = [word for word in spoken if word.end <= found.start][-REACH:]
    text = plain(text)
    return any(word.text in _NEGATORS and _ENDS_CLAUSE.isdisjoint(text[word.end : found.start]) for word in before)
