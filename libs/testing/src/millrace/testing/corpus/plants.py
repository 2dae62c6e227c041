"""What options plant into the drafts of a corpus: each plant from its own random numbers, none touching another's."""

import random
from collections import defaultdict
from dataclasses import replace

from millrace.testing.corpus import drafts, leaving, personal
from millrace.testing.corpus.campaigns import edited
from millrace.testing.corpus.drafts import Calendar, Draft
from millrace.testing.corpus.options import Options
from millrace.testing.corpus.truth import Planted
from millrace.testing.corpus.vocabulary import COLOURS, DEPARTMENTS, FURTHER_LANGUAGES, Subject
from millrace.testing.corpus.writer import Writer

_CAMPAIGN = (3, 6)
"""Fewest and most members of a campaign."""
_CAMPAIGN_WORDS = 15
_BAD_TIME = 0.6
"""Share of the earlier reviews of customers who leave that are complaints."""


class Plants:
    """Plants what the options ask for; the number of drafts and who wrote them stay."""

    def __init__(self, seed: int, calendar: Calendar, options: Options) -> None:
        self._seed = seed
        self._calendar = calendar
        self._options = options
        self._drafts: list[Draft] = []
        self._free: list[int] = []

    def plant(self, made: list[Draft]) -> list[Draft]:
        """The drafts with everything planted."""
        self._drafts = list(made)
        originals = {id(draft.copy_of) for draft in made if draft.copy_of}
        self._free = [at for at, draft in enumerate(made) if _free(draft) and id(draft) not in originals]
        if self._options.long:
            self._lengthen()
        self._leave()
        self._speak_otherwise()
        self._bring_up()
        for number in range(1, self._options.campaigns + 1):
            self._campaign(number)
        self._tell_personal()
        self._deceive()
        return self._drafts

    def _rng(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}/{name}")

    def _take(self, rng: random.Random, places: list[int], share: float) -> list[int]:
        """A share of these places, in order; nobody else gets them."""
        taken = sorted(rng.sample(places, round(share * len(places))))
        self._free = sorted(set(self._free) - set(taken))
        return taken

    def _lengthen(self) -> None:
        rng = self._rng("long")
        writer = Writer(rng)
        for place in self._free:
            draft = self._drafts[place]
            tone = "positive" if draft.tone == "positive" else "negative"
            text = writer.long_review(_subject(rng, draft, tone=tone))
            self._drafts[place] = replace(draft, text=text, title="", tone=tone)

    def _leave(self) -> None:
        """Some customers have a bad time, say that they leave, and why."""
        if not self._options.leavers:
            return
        rng = self._rng("leavers")
        writer = Writer(rng)
        by_customer: defaultdict[str, list[int]] = defaultdict(list)
        for place in sorted(range(len(self._drafts)), key=lambda at: self._drafts[at].at):
            by_customer[self._drafts[place].customer].append(place)
        able = [customer for customer, places in by_customer.items() if places[-1] in set(self._free)]
        left = set(rng.sample(able, round(self._options.leavers * len(able))))
        for customer, places in by_customer.items():
            if customer in left:
                self._part(rng, writer, places)
        self._drafts = _marked(self._drafts, left)

    def _part(self, rng: random.Random, writer: Writer, places: list[int]) -> None:
        for place in places:
            if place in self._free and (place == places[-1] or rng.random() < _BAD_TIME):
                draft = self._drafts[place]
                text = writer.review(_subject(rng, draft, tone="negative"))
                stars = drafts.stars(rng, "negative")
                self._drafts[place] = replace(
                    draft, text=text, title="", tone="negative", stars=stars, themes=draft.themes[:1]
                )
        reason = rng.choice(sorted(leaving.REASONS))
        last = self._drafts[places[-1]]
        self._drafts[places[-1]] = replace(last, text=f"{last.text} {rng.choice(leaving.REASONS[reason])}")
        self._free = [place for place in self._free if place not in places]

    def _speak_otherwise(self) -> None:
        rng = self._rng("foreign")
        writer = Writer(rng)
        for place in self._take(rng, self._free, self._options.foreign):
            draft, language = self._drafts[place], rng.choice(FURTHER_LANGUAGES)
            text = writer.review(_subject(rng, draft, language=language))
            self._drafts[place] = replace(draft, text=text, title="", language=language)

    def _bring_up(self) -> None:
        """The new theme."""
        rng, name = self._rng("new theme"), self._options.new_theme
        writer = Writer(rng)
        since = self._calendar.change_point
        later = [at for at in self._free if self._drafts[at].at.date() >= since or not self._options.emerging]
        for place in self._take(rng, later, self._options.new_theme_share):
            draft = self._drafts[place]
            tone = "positive" if draft.tone == "positive" else "negative"
            text = writer.on_new_theme(name, _subject(rng, draft, tone=tone))
            self._drafts[place] = replace(draft, text=text, title="", tone=tone, themes=(name,))

    def _campaign(self, number: int) -> None:
        rng = self._rng(f"campaign {number}")
        long = [at for at in self._free if len(self._drafts[at].text.split()) >= _CAMPAIGN_WORDS]
        size = rng.randint(*_CAMPAIGN)
        if not long or len(self._free) <= size:
            return
        first = rng.choice(long)
        others = rng.sample([at for at in self._free if at != first], size - 1)
        original = replace(self._drafts[first], title="", campaign=number)
        self._drafts[first] = original
        for place in others:
            self._drafts[place] = replace(
                self._drafts[place], at=self._calendar.later(original.at, rng.uniform(0.2, 96)), title="",
                text=edited(rng, original.text), themes=original.themes, tone=original.tone, campaign=number,
                stars=drafts.stars(rng, original.tone),
            )  # fmt: skip
        self._free = [place for place in self._free if place not in (first, *others)]

    def _tell_personal(self) -> None:
        rng, kinds = self._rng("personal"), list(personal.KINDS)
        for turn, place in enumerate(self._take(rng, self._free, self._options.personal)):
            kind = kinds[turn % len(kinds)]
            sentence, value = personal.statement(rng, kind)
            draft = self._drafts[place]
            self._drafts[place] = replace(
                draft, text=f"{draft.text} {sentence}", personal=(Planted(kind=kind, text=value),)
            )

    def _deceive(self) -> None:
        rng = self._rng("decoys")
        for place in self._take(rng, self._free, self._options.decoys):
            draft = self._drafts[place]
            self._drafts[place] = replace(draft, text=f"{draft.text} {personal.decoy(rng)}")


def _free(draft: Draft) -> bool:
    """English reviews that stand alone."""
    return bool(draft.text) and draft.language == "en" and not (draft.thread or draft.copy_of or draft.personal)


def _marked(made: list[Draft], left: set[str]) -> list[Draft]:
    """The drafts with what the producer knows: whether their customer has left. Originals come before their copies."""
    known: dict[int, Draft] = {}
    for draft in made:
        attrs = {**draft.attrs, leaving.CHURNED: "yes" if draft.customer in left else "no"}
        original = known[id(draft.copy_of)] if draft.copy_of else None
        known[id(draft)] = replace(draft, attrs=attrs, copy_of=original)
    return [known[id(draft)] for draft in made]


def _subject(rng: random.Random, draft: Draft, tone: str = "", language: str = "en") -> Subject:
    """What the draft speaks of, to be said in another way."""
    department = draft.attrs["department"]
    return Subject(
        theme=draft.themes[0], tone=tone or draft.tone, department=department, language=language,
        item=rng.choice(DEPARTMENTS[department]), colour=rng.choice(COLOURS), order=rng.randint(10_000, 99_999),
        other=draft.themes[-1],
    )  # fmt: skip
