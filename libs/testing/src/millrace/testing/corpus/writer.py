"""Texts: a theme and a tone put into a customer's words, never the same twice."""

import random
from collections.abc import Callable
from itertools import cycle

from millrace.testing.corpus import vocabulary
from millrace.testing.corpus.noise import roughen
from millrace.testing.corpus.truth import Planted
from millrace.testing.corpus.vocabulary import Subject, fill, personal_name, phrases

_LOWERED = frozenset({"The", "My", "It", "They", "There", "Nobody", "Every", "Support", "Shipping", "Delivery", "Half"})
"""First words that lose their capital after a joint; a name or `I` keeps it."""
_PRAISING = frozenset({"positive", "praise", "agent"})
_TRIES = 40


class Writer:
    """Writes texts and remembers them, so that the only duplicates of a corpus are the planted ones."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._written: set[str] = set()
        # In turn, so that a small corpus has some of each.
        self._personal = cycle((("email", vocabulary.email), ("phone", vocabulary.phone), ("name", personal_name)))

    def review(self, subject: Subject) -> str:
        """A review of one to four sentences."""
        return self._new(lambda: self._review(subject), subject.tone)

    def long_review(self, subject: Subject) -> str:
        """Four sentences on as many themes."""
        return self._new(lambda: self._long(subject), subject.tone)

    def on_new_theme(self, name: str, subject: Subject) -> str:
        """One or two sentences on a theme that the taxonomy does not know, and on nothing else."""
        return self._new(lambda: self._strange(name, subject), subject.tone)

    def complaint(self, subject: Subject) -> str:
        """The first message of a support thread."""
        return self._new(lambda: self._complaint(subject), subject.tone)

    def closing(self, subject: Subject) -> str:
        """A customer's last message of a thread."""
        part = "relieved" if subject.tone == "positive" else "unmoved"
        return self._new(lambda: f"{self._pick('support', part, subject)} {self._end(subject)}".strip(), subject.tone)

    def agent_reply(self, subject: Subject) -> str:
        """What the shop answers."""
        return self._new(lambda: self._pick("support", "agent", subject))

    def title(self, subject: Subject) -> str:
        """A review's title; English even where the shop's other customers are not."""
        return self._rng.choice(phrases("en")["titles"][subject.tone])

    def personal(self) -> tuple[str, Planted]:
        """A sentence with a personal string in it."""
        kind, make = next(self._personal)
        text = make(self._rng)
        return self._rng.choice(phrases("en")["personal"][kind]).format(**{kind: text}), Planted(kind=kind, text=text)

    def _new(self, write: Callable[[], str], tone: str = "") -> str:
        for _ in range(_TRIES):
            text = write()
            text = roughen(self._rng, text, tone) if tone else text
            key = "".join(filter(str.isalnum, text.lower()))
            if key not in self._written:
                break
        self._written.add(key)
        return text

    def _pick(self, section: str, part: str, subject: Subject) -> str:
        return self._some(section, part, subject, 1)[0]

    def _some(self, section: str, part: str, subject: Subject, count: int) -> list[str]:
        """So many different phrases, filled."""
        chosen = self._rng.sample(phrases(subject.language)[section][part], count)
        return [fill(self._rng, phrase, subject, praise=part in _PRAISING) for phrase in chosen]

    def _review(self, subject: Subject) -> str:
        body = self._mixed(subject) if subject.tone == "mixed" else self._body(subject)
        if subject.language == "en" and self._rng.random() < 0.4:
            body.insert(0, self._pick("frame", "openers", subject))
        gap = "\n" if self._rng.random() < 0.05 else " "
        return gap.join(body)

    def _long(self, subject: Subject) -> str:
        themes = self._rng.sample(vocabulary.themes_of(subject.department), 4)
        return " ".join(self._pick(theme, subject.tone, subject) for theme in themes)

    def _strange(self, name: str, subject: Subject) -> str:
        told = vocabulary.new_phrases()[name][subject.tone]
        chosen = self._rng.sample(told, 2 if self._rng.random() < 0.4 else 1)
        return " ".join(fill(self._rng, phrase, subject, praise=subject.tone == "positive") for phrase in chosen)

    def _body(self, subject: Subject) -> list[str]:
        body = self._some(subject.theme, subject.tone, subject, 2 if self._rng.random() < 0.3 else 1)
        return [*body, self._end(subject)] if self._rng.random() < 0.5 else body

    def _mixed(self, subject: Subject) -> list[str]:
        good, bad = self._pick(subject.other, "positive", subject), self._pick(subject.theme, "negative", subject)
        if subject.language == "en" and bad.split(" ")[0] in _LOWERED:
            bad = f"{self._pick('frame', 'joints', subject)} {bad[0].lower()}{bad[1:]}"
        return [good, bad]

    def _end(self, subject: Subject) -> str:
        return self._pick("frame", "praise" if subject.tone == "positive" else "blame", subject)

    def _complaint(self, subject: Subject) -> str:
        greeting, request = (self._pick("support", part, subject) for part in ("greetings", "requests"))
        return f"{greeting}\n{self._pick(subject.theme, 'negative', subject)} {request}"
