"""From drafts to the truth about them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from millrace.testing.corpus.drafts import DRAG_THEME, LOW_DEPARTMENT, Calendar, Draft
from millrace.testing.corpus.leaving import CHURNED, REASONS
from millrace.testing.corpus.options import Options
from millrace.testing.corpus.truth import Truth

Named = tuple[str, Draft]
"""A record's id and what became the record."""


def truth_of(
    named: Sequence[Named], duplicates: tuple[tuple[str, str], ...], calendar: Calendar, options: Options
) -> Truth:
    """What is true of the drafts; `duplicates` are pairs of a copy and its original."""
    rated = [draft for _, draft in named if draft.stars is not None]
    happens = options.change or options.emerging or options.surge != 1
    return Truth(
        themes={name: draft.themes for name, draft in named if draft.themes},
        sentiment={name: draft.tone for name, draft in named if draft.tone},
        language={name: draft.language for name, draft in named if draft.language},
        mean_rating=_means(("", draft) for draft in rated).get("", math.nan),
        mean_by_theme=_means((draft.themes[0], draft) for draft in rated if draft.themes),
        mean_by_department=_means((draft.attrs["department"], draft) for draft in rated),
        drag_theme=DRAG_THEME,
        change_point=calendar.change_point if happens else None,
        low_department=LOW_DEPARTMENT,
        duplicates=duplicates,
        personal={name: draft.personal for name, draft in named if draft.personal},
        new_theme=options.new_theme,
        driver=options.driver,
        campaigns=_campaigns(named),
        leavers=_leavers(named),
    )


def _means(keyed: Iterable[tuple[str, Draft]]) -> dict[str, float]:
    """Mean stars by key."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for key, draft in keyed:
        if draft.stars is not None:
            groups[key].append(draft.stars)
    return {key: sum(values) / len(values) for key, values in sorted(groups.items())}


def _campaigns(named: Iterable[Named]) -> tuple[tuple[str, ...], ...]:
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for name, draft in named:
        if draft.campaign:
            groups[draft.campaign].append(name)
    return tuple(tuple(members) for _, members in sorted(groups.items()))


def _leavers(named: Iterable[Named]) -> dict[str, str]:
    """Customer to reason: what the last word of those who left says."""
    reasons = {sentence: reason for reason, sentences in REASONS.items() for sentence in sentences}
    told = (
        (draft.customer, reason)
        for _, draft in named
        if draft.attrs.get(CHURNED) == "yes"
        for sentence, reason in reasons.items()
        if draft.text.endswith(sentence)
    )
    return dict(told)
