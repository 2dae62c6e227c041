"""The corpus: reviews, support threads and copies over a period, with the truth about them."""

import random
from dataclasses import replace
from datetime import date

from millrace.contracts.records import Rating, Record, Scale
from millrace.testing.corpus import drafts
from millrace.testing.corpus.drafts import Calendar, Draft
from millrace.testing.corpus.noise import vary
from millrace.testing.corpus.options import PLAIN, Options
from millrace.testing.corpus.plants import Plants
from millrace.testing.corpus.telling import truth_of
from millrace.testing.corpus.truth import Corpus
from millrace.testing.corpus.vocabulary import COLOURS, DEPARTMENTS, Subject, themes_of
from millrace.testing.corpus.writer import Writer

_THREADS, _COPIES, _SILENT, _UNRATED, _PERSONAL, _TITLED = 0.05, 0.03, 0.05, 0.05, 0.05, 0.65
"""Shares: drafts that begin a thread or copy an earlier one; reviews without text, stars or with a personal string."""


def generate(seed: int, n: int, start: date, days: int, options: Options = PLAIN) -> Corpus:
    """`n` records dated within `days` days from `start`; the same arguments give the same corpus, byte for byte.

    ValueError when `n` or `days` is below 1.
    """
    if n < 1 or days < 1:
        raise ValueError("a corpus has at least one record and one day")
    calendar = Calendar(
        start=start, days=days, change=options.change, surge=options.surge, trend=options.trend
    )  # fmt: skip
    made = _Generator(random.Random(seed), n, calendar, options).drafts()
    made = Plants(seed, calendar, options).plant(made)
    ordered = sorted(made, key=lambda draft: draft.at)
    ids = {id(draft): f"fb-{number:05d}" for number, draft in enumerate(ordered, start=1)}
    named = [(ids[id(draft)], draft) for draft in ordered]
    duplicates = tuple((name, ids[id(draft.copy_of)]) for name, draft in named if draft.copy_of)
    records = [_record(name, draft) for name, draft in named]
    return Corpus(records=records, truth=truth_of(named, duplicates, calendar, options))


class _Generator:
    def __init__(self, rng: random.Random, n: int, calendar: Calendar, options: Options) -> None:
        self._rng = rng
        self._options = options
        self._n = n
        self._calendar = calendar
        self._writer = Writer(rng)
        self._customers = [(f"c-{number}", drafts.attributes(rng)) for number in range(1001, 1001 + max(1, n * 3 // 5))]
        self._made: list[Draft] = []

    def drafts(self) -> list[Draft]:
        """As many drafts as were asked for, in no order of time."""
        threads = 0
        while (left := self._n - len(self._made)) > 0:
            dice = self._rng.random()
            if dice < _THREADS and left >= 3:
                threads += 1
                self._made += self._thread(f"t-{threads:04d}")
            elif dice < _THREADS + _COPIES and (originals := list(filter(_can_be_copied, self._made))):
                self._made.append(self._copy(self._rng.choice(originals)))
            else:
                self._made.append(self._review())
        return self._made

    def _begin(self) -> tuple[Draft, Subject]:
        """Who writes when, about what and in which tone."""
        rng = self._rng
        customer, known = rng.choice(self._customers)
        department = drafts.department(rng)
        at = self._calendar.moment(rng)
        after = self._calendar.changed(at)
        themes = themes_of(department)
        theme = drafts.theme(rng, themes, drafts.weights(after, self._options.drag, self._options.driver))
        tone = drafts.tone(rng, theme, department, after, self._options.driver)
        other = rng.choice([each for each in themes if each != theme]) if tone == "mixed" else ""
        item, language = rng.choice(DEPARTMENTS[department]), drafts.language(rng, known["country"])
        draft = Draft(
            at=at, customer=customer, attrs={"department": department, **known}, tone=tone, language=language,
            channel=rng.choice(("web", "web", "app")), themes=(theme, other) if other else (theme,),
        )  # fmt: skip
        return draft, Subject(
            theme=theme, tone=tone, department=department, item=item, colour=rng.choice(COLOURS),
            order=rng.randint(10_000, 99_999), language=language, other=other,
        )  # fmt: skip

    def _review(self) -> Draft:
        rng = self._rng
        draft, subject = self._begin()
        stars = drafts.stars(rng, draft.tone)
        if rng.random() < _SILENT:
            return replace(draft, stars=stars, themes=(), tone="", language="")
        title = self._writer.title(subject) if draft.language == "en" and rng.random() < _TITLED else ""
        rated = None if rng.random() < _UNRATED else stars
        draft = replace(draft, text=self._writer.review(subject), title=title, stars=rated)
        return self._with_personal(draft, _PERSONAL)

    def _thread(self, thread: str) -> list[Draft]:
        """A complaint, an agent's answer and the customer's last word, in which the stars are given."""
        rng = self._rng
        begun, subject = self._begin()
        subject = replace(subject, tone="negative", language="en", other="")
        begun = replace(begun, thread=thread, channel=rng.choice(("email", "chat")), tone="negative", language="en",
                        themes=begun.themes[:1])  # fmt: skip
        first = self._with_personal(replace(begun, text=self._writer.complaint(subject)), 0.25)
        reply = self._after(first, 1 + rng.expovariate(0.1), self._writer.agent_reply(subject))
        last = replace(subject, tone=rng.choice(("positive", "negative")))
        end = self._after(reply, 0.5 + rng.expovariate(0.05), self._writer.closing(last))
        stars = drafts.stars(rng, last.tone) if rng.random() < 0.6 else None
        return [first, replace(reply, role="agent"), replace(end, tone=last.tone, language="en", stars=stars)]

    def _after(self, turn: Draft, hours: float, text: str) -> Draft:
        at = self._calendar.later(turn.at, hours)
        return replace(turn, at=at, text=text, tone="", themes=(), language="", personal=())

    def _copy(self, original: Draft) -> Draft:
        """The same words by somebody else, later."""
        customer, known = self._rng.choice(self._customers)
        attrs = {"department": original.attrs["department"], **known}
        at = self._calendar.later(original.at, self._rng.uniform(1, 72))
        return replace(
            original, at=at, customer=customer, attrs=attrs, text=vary(self._rng, original.text), copy_of=original
        )

    def _with_personal(self, draft: Draft, share: float) -> Draft:
        if self._rng.random() >= share:
            return draft
        sentence, planted = self._writer.personal()
        return replace(draft, text=f"{draft.text} {sentence}", personal=(planted,))


def _can_be_copied(draft: Draft) -> bool:
    short = len(draft.text) < 30
    return not (short or draft.thread or draft.personal or draft.copy_of or draft.language != "en")


def _record(name: str, draft: Draft) -> Record:
    rating = None if draft.stars is None else Rating(scale=Scale.STARS5, value=draft.stars)
    return Record(
        record_id=name, text=draft.text, title=draft.title, rating=rating, created_at=draft.at, channel=draft.channel,
        author_role=draft.role, customer_ref=draft.customer, thread_ref=draft.thread, attrs=dict(draft.attrs),
    )  # fmt: skip
