"""What is mentioned more than before: themes, contact reasons and phrases against the batch's own history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from millrace.analytics.domain import quotes
from millrace.analytics.domain.estimates import LEVEL, Floats, estimate, p_rounded
from millrace.analytics.domain.mentions import POLAR, customer_units, label
from millrace.analytics.domain.series import Ints, span_of
from millrace.analytics.domain.terms import find_terms, main_language
from millrace.contracts.insights import Emerging, EmergingTheme, Estimate, Quote

RECENT = 1 / 6
"""Of the span: the last month of half a year, the last two weeks of a quarter."""
MIN_RECENT, MIN_BEFORE = 30, 60
"""Conversations on either side; the window grows until it holds enough."""
MIN_DAYS = 7
MIN_MENTIONS = 5
"""Fewer mentions cannot stand against chance, and only weaken the others' evidence."""
MIN_RISING = 3
MOST = 10
SAME = 0.6
"""A phrase says the same as another candidate when this share of its recent conversations mentions that too."""

THEME, REASON, PHRASE = "theme", "reason", "phrase"

_ANY_DAYS = 100_000


@dataclass(frozen=True, kw_only=True)
class _History:
    """The sentences of dated conversations, and which conversations are recent."""

    units: pd.DataFrame
    voice: Ints
    """The conversation of each unit: a position."""
    recent: NDArray[np.bool_]
    """By voice."""
    since: pd.Timestamp


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A theme, reason or phrase, the units that mention it, and among how many conversations it could have been."""

    kind: str
    id: str
    rows: Ints
    voices: Ints
    now: int
    of_now: int
    of_before: int

    @property
    def before(self) -> int:
        return len(self.voices) - self.now


def find_emerging(annotations: pd.DataFrame) -> Emerging:
    """What a larger share of the recent conversations mentions than of those before; the surest first.

    A thread counts once, however often it repeats itself: its turns are no independent voices. Phrases are looked for
    in the main language, since another language's words rise whenever its share does. p-values are Fisher's exact
    (one-sided), adjusted over all candidates (Benjamini-Hochberg, named ones and phrases apart, each at half the rate:
    hundreds of phrases must not hide a rare theme). What could not be done is in the note.
    """
    units = customer_units(annotations)
    history, note = _history(units.assign(created_at=pd.to_datetime(units["created_at"], utc=True)))
    if history is None:
        return Emerging(note=note)
    candidates = [each for each in _candidates(history) if len(each.voices) >= MIN_MENTIONS]
    since = history.since.to_pydatetime()
    if not candidates:
        return Emerging(recent_from=since, note=f"nothing is mentioned by {MIN_MENTIONS} conversations")
    p_values = _adjusted(candidates)
    rising = [
        (float(p_value), each)
        for p_value, each in zip(p_values, candidates, strict=True)
        if p_value < 1 - LEVEL and each.now >= MIN_RISING
    ]
    told = _distinct(rising, history.recent)
    return Emerging(
        themes=tuple(_emerging(each, p_value, history) for p_value, each in told[:MOST]),
        recent_from=since, tested=len(candidates), note=note,
    )  # fmt: skip


def _history(units: pd.DataFrame) -> tuple[_History | None, str]:
    """The conversations with the recent ones marked, and the note; no history when either side is too small."""
    span = span_of([units["created_at"]], max_days=_ANY_DAYS)
    if span is None:
        return None, "no dates in this batch"
    outside = span.outside(units.drop_duplicates("record_id")["created_at"])
    units = units[span.positions(units["created_at"]) >= 0].reset_index(drop=True)
    voice, names = pd.factorize(_conversation(units), sort=True)
    begun = pd.Series(span.positions(units["created_at"])).groupby(voice).min().to_numpy()
    total = len(names)
    if span.periods < MIN_DAYS or total < MIN_RECENT + MIN_BEFORE:
        need = f"{MIN_RECENT + MIN_BEFORE} conversations over {MIN_DAYS} days are needed"
        return None, f"too little history: {need}, there are {total} over {span.periods}"
    first = int(min(span.periods * (1 - RECENT), np.sort(begun)[-MIN_RECENT]))
    recent = begun >= first
    if total - recent.sum() < MIN_BEFORE:
        return None, f"too little history: only {total - recent.sum()} of {total} conversations are not recent"
    history = _History(units=units, voice=voice, recent=recent, since=pd.Timestamp(span.begin(first)))
    return history, "; ".join(outside)


def _conversation(units: pd.DataFrame) -> pd.Series:
    """The conversation of each unit; its record, where an earlier release did not say."""
    if "conv_id" not in units:
        return units["record_id"]
    return units["conv_id"].where(units["conv_id"].fillna("") != "", units["record_id"])


def _candidates(history: _History) -> list[_Candidate]:
    """Themes, reasons and phrases, each by name."""
    return [
        *(_candidate(THEME, name, rows, history) for name, rows in _groups(history.units["themes"].explode())),
        *(_candidate(REASON, name, rows, history) for name, rows in _reasons(history.units)),
        *_phrases(history),
    ]


def _groups(values: pd.Series) -> Iterator[tuple[str, Ints]]:
    """The rows of each value by name; a row may have several."""
    given = values.dropna()
    for value, own in given.groupby(given, sort=True):
        yield str(value), np.unique(own.index.to_numpy(dtype=np.int64))


def _reasons(units: pd.DataFrame) -> Iterator[tuple[str, Ints]]:
    if "reason" in units:
        yield from _groups(units["reason"].replace("", None))


def _phrases(history: _History) -> Iterator[_Candidate]:
    units, language = history.units, main_language(history.units)
    spoken = np.flatnonzero(units["lang"].fillna("") == language) if language else np.arange(len(units))
    among = np.zeros(len(history.recent), dtype=bool)
    among[history.voice[spoken]] = True
    for term, rows in find_terms(units["text"].iloc[spoken], MIN_MENTIONS):
        yield _candidate(PHRASE, term, spoken[rows], history, among)


def _candidate(
    kind: str, name: str, rows: Ints, history: _History, among: NDArray[np.bool_] | None = None
) -> _Candidate:
    recent = history.recent
    voices = np.unique(history.voice[rows])
    among = np.ones_like(recent) if among is None else among
    return _Candidate(
        kind=kind, id=name, rows=rows, voices=voices, now=int(recent[voices].sum()),
        of_now=int((recent & among).sum()), of_before=int((~recent & among).sum()),
    )  # fmt: skip


def _adjusted(candidates: Sequence[_Candidate]) -> Floats:
    """p-values adjusted within the named candidates and within the phrases, and for there being these two families."""
    p_values, phrase = fisher(candidates), np.array([each.kind == PHRASE for each in candidates])
    for family in (phrase, ~phrase):
        if family.any():
            p_values[family] = 2 * stats.false_discovery_control(p_values[family])
    return np.asarray(np.minimum(p_values, 1.0))


def fisher(candidates: Sequence[_Candidate]) -> Floats:
    """The chance that at least so many of the mentions were recent if they were spread like all conversations.

    The upper tail of the hypergeometric distribution, given how often each is mentioned altogether.
    """
    cases = np.array([(len(each.voices), each.now, each.of_now, each.of_before) for each in candidates])
    # Hundreds of rare phrases share a few counts; each tail is worth computing once.
    cases, which = np.unique(cases, axis=0, return_inverse=True)
    mentions, now, of_now, of_before = cases.T
    tails = stats.hypergeom.sf(now - 1, of_now + of_before, mentions, of_now)
    return np.asarray(np.clip(tails, 0.0, 1.0)[which.ravel()])


def _distinct(rising: Sequence[tuple[float, _Candidate]], recent: NDArray[np.bool_]) -> list[tuple[float, _Candidate]]:
    """Less the phrases that say the same as what is surer or has a name; the surest first."""
    told: list[tuple[float, _Candidate]] = []
    for p_value, each in sorted(rising, key=lambda pair: (pair[1].kind == PHRASE, *_rank(pair))):
        own = each.voices[recent[each.voices]]
        if each.kind != PHRASE or not any(np.isin(own, other.voices).mean() >= SAME for _, other in told):
            told.append((p_value, each))
    return sorted(told, key=_rank)


def _rank(pair: tuple[float, _Candidate]) -> tuple[float, int, str, int, str]:
    """Of equal ones the longer name, which says more."""
    p_value, each = pair
    return p_value, -each.now, each.kind, -len(each.id), each.id


def rate_ratio(now: int, of_now: int, before: int, of_before: int) -> Estimate:
    """The share of mentions now through the share before, shrunk towards 1, with its 95 % credible interval.

    Gamma-Poisson: the prior of either rate is worth one mention at the rate of both together, so that a theme without
    a past has a finite ratio and few mentions claim little. A ratio of gammas is F-distributed up to a factor.
    """
    prior = (of_now + of_before) / (now + before)
    ratio = (now + 1) / (of_now + prior) / ((before + 1) / (of_before + prior))
    spread = stats.f(2 * (now + 1), 2 * (before + 1))
    low, high = (ratio * float(spread.ppf(share)) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return estimate(ratio, low, high, now + before, "gamma-poisson")


def _emerging(each: _Candidate, p_value: float, history: _History) -> EmergingTheme:
    rows = each.rows[history.recent[history.voice[each.rows]]]
    return EmergingTheme(
        id=each.id, label=each.id if each.kind == PHRASE else label(each.id), kind=each.kind, recent=each.now,
        before=each.before, ratio=rate_ratio(each.now, each.of_now, each.before, each.of_before),
        p_value=p_rounded(p_value), quotes=_quotes(history.units.iloc[rows]),
    )  # fmt: skip


def _quotes(units: pd.DataFrame) -> tuple[Quote, ...]:
    """What is said of it, in the tone in which most is said."""
    tone = units["sentiment"].to_numpy(dtype=np.float64)
    sign = -1 if np.sum(tone < -POLAR) >= np.sum(tone > POLAR) else 1
    none_stands_out = pd.Series(0.0, index=units.index)
    return quotes.tell(units, pd.Series(dtype=np.float64), None, sign) or quotes.show(units, none_stands_out)
