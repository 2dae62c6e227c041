"""Sentiment of a unit by lexicon: VADER (Hutto and Gilbert 2014) with what it lacks for customer feedback."""

import math
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # type: ignore[import-untyped]

from millrace.nlp.domain.cues import CueBook, Found, Word, plain, words
from millrace.nlp.errors import InvalidCues

POSITIVE = 0.05
"""A score from here on is positive, one up to its negative is negative (Hutto and Gilbert 2014)."""

_EMOTICON = 2
"""Characters up to which VADER takes a token for an emoticon and keeps its punctuation."""
_ENOUGH = 2.0
"""Sum of weights at which the lexicon's evidence counts for half of full confidence."""

EVIDENCE = (
    "score", "praise", "blame", "silent", "agreement", "after_the_turn", "negations", "question", "turn", "wish",
    "exclamation", "length",
)  # fmt: skip
"""What `Sentiment.evidence` holds, in this order."""

_NEGATION = re.compile(
    r"\b(?:not|no|never|nothing|nobody|none|neither|nor|without|hardly|barely|cannot|cant|\w{2,7}n't|"
    r"(?:dont|didnt|doesnt|wont|wasnt|isnt|wouldnt|couldnt))\b",
    re.IGNORECASE,
)
_TURN = re.compile(r"\b(?:but|however|although|though|yet|except|despite|unfortunately|sadly)\b", re.IGNORECASE)
_BACK = re.compile(r"\b(?:but|however|yet|except)\b", re.IGNORECASE)
"""Turns after which comes what weighs more."""
_WISH = re.compile(r"\b(?:would|should|could|wish|hop(?:e|es|ed|ing)|please|if)\b", re.IGNORECASE)
_LONG = 30
"""Words from which on a unit counts as long."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How a unit sounds."""

    score: float
    """Between -1 and 1; 0 when nothing was said for or against."""
    confidence: float
    """Between 0 and 1: how far to trust the score. Of the lexicon: how much was said, times how far it agrees with
    itself; 0 when no cue was found. Of the head: how probable the label is."""
    evidence: tuple[float, ...] = field(default=(), compare=False, repr=False)
    """What the lexicon saw, for the head: see EVIDENCE. Empty where it could not judge, or where no letter stands."""


UNHEARD = Sentiment(score=0.0, confidence=0.0)
"""The sentiment of a text that the lexicon cannot judge, such as one in another language."""


class Lexicon:
    """Judges texts; made once per process."""

    def __init__(self, rules: dict[str, Any]) -> None:
        """`rules` as in `sentiment.toml`; InvalidCues when they cannot be read."""
        self._vader = SentimentIntensityAnalyzer()
        try:
            weights = {phrase: float(cue["weight"]) for cue in rules["cue"] for phrase in cue["phrases"]}
            forget, boosters, scalars = rules["forget"], rules["boosters"], rules["scalars"]
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidCues("the sentiment rules lack a table or a weight") from error
        self._cues = CueBook((phrase, _token(weight)) for phrase, weight in weights.items())
        known = self._vader.lexicon
        for word in forget:
            known.pop(word, None)
        before = {*known, *scalars, *(phrase for phrase in weights if phrase.isalpha())} - set(boosters)
        known.update({_token(weight): weight for weight in weights.values() if weight})
        self._booster = re.compile(rf"\b(?:{'|'.join(boosters)})(?=\s+([a-z]+))", re.IGNORECASE)
        self._boosted = frozenset(before)

    def judge(self, text: str, spoken: Sequence[Word] = ()) -> Sentiment:
        """The text's sentiment, rounded to four digits; `spoken` are its words, where they are at hand."""
        text = plain(text)
        boosted = self._boost(text)
        heard = spoken if spoken and boosted == text else words(boosted)
        marked = self._mark(boosted, heard)
        score = self._compound(marked)
        # Emoticons and emojis are no words: what they weigh is what the score says.
        weights = self._weights(heard if marked == boosted else words(marked)) or [_weight(score)]
        confidence = _confidence(weights)
        if not any(map(str.isalpha, text)):
            return Sentiment(score=round(score, 4), confidence=confidence)
        last = max((match.end() for match in _BACK.finditer(marked)), default=0)
        after = self._compound(marked[last:]) if last else score
        evidence = (score, *_sides(weights), float(score == 0), confidence, after, *_manner(text))
        return Sentiment(score=round(score, 4), confidence=confidence, evidence=evidence)

    def _compound(self, marked: str) -> float:
        if marked.isascii() and not any(map(self._weighs, marked.split())):
            # What VADER would say in 40 us: without a weight there is nothing to sum up.
            return 0.0
        return float(self._vader.polarity_scores(marked)["compound"])

    def _weighs(self, token: str) -> bool:
        """Whether the lexicon has the token, without its punctuation if it is a word, as VADER looks it up."""
        stripped = token.strip(string.punctuation)
        return (stripped if len(stripped) > _EMOTICON else token).lower() in self._vader.lexicon

    def _boost(self, text: str) -> str:
        def swap(match: re.Match[str]) -> str:
            return "very" if match[1].lower() in self._boosted else match[0]

        return self._booster.sub(swap, text)

    def _mark(self, text: str, spoken: Sequence[Word]) -> str:
        """The text with every cue replaced by a word that stands in the lexicon with the cue's weight."""
        pieces, end = [], 0
        for found in _longest(list(self._cues.find(text, spoken))):
            pieces += [text[end : found.start], found.payload]
            end = found.end
        return "".join([*pieces, text[end:]])

    def _weights(self, spoken: Sequence[Word]) -> list[float]:
        known = self._vader.lexicon
        return [known[word.text] for word in spoken if word.text in known]


def label(score: float) -> str:
    """`positive`, `negative` or `neutral`."""
    if score >= POSITIVE:
        return "positive"
    return "negative" if score <= -POSITIVE else "neutral"


def _token(weight: float) -> str:
    """A word that no text holds, one per weight."""
    sign = "plus" if weight > 0 else "minus" if weight < 0 else "nil"
    return f"qz{sign}{round(abs(weight) * 10)}"


def _longest(found: list[Found[str]]) -> list[Found[str]]:
    """The cues from left to right without overlap; of two that begin together the longer."""
    chosen: list[Found[str]] = []
    for each in sorted(found, key=lambda one: (one.start, -one.end, one.payload)):
        if not chosen or each.start >= chosen[-1].end:
            chosen.append(each)
    return chosen


def _weight(score: float) -> float:
    """The sum of weights behind a score: VADER's normalisation with alpha 15, turned round."""
    return score * math.sqrt(15 / (1 - score * score)) if abs(score) < 1 else math.copysign(_ENOUGH, score)


def _sides(weights: list[float]) -> tuple[float, float]:
    """How much was said for and how much against, each between 0 and 1."""
    praise = math.fsum(weight for weight in weights if weight > 0)
    blame = -math.fsum(weight for weight in weights if weight < 0)
    return praise / (praise + _ENOUGH), blame / (blame + _ENOUGH)


def _manner(text: str) -> tuple[float, ...]:
    """How it was said, each between 0 and 1: the last six of EVIDENCE."""
    return (
        min(sum(1 for _ in _NEGATION.finditer(text)), 2) / 2,
        float("?" in text),
        float(bool(_TURN.search(text))),
        float(bool(_WISH.search(text))),
        float("!" in text),
        min(len(text.split()), _LONG) / _LONG,
    )


def _confidence(weights: list[float]) -> float:
    total = math.fsum(abs(weight) for weight in weights)
    if not total:
        return 0.0
    agreement = abs(math.fsum(weights)) / total
    return round(agreement * total / (total + _ENOUGH), 4)
