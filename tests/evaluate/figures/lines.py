"""The hand-written lines: sentiment, themes, contact reasons and flags."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.evaluate.figure import Figure, Target, not_offered, share
from tests.evaluate.metrics import macro_f1, micro_f1
from tests.evaluate.tone import label_of, tone_of
from tests.evaluate.world import World

from millrace.contracts import tables
from millrace.testing.labelled import UNKNOWN, Line, feedback

AREA = "lines"
SENTIMENT, REASON, UNKNOWN_RECALL = Target(least=0.7), Target(least=0.75), Target(least=0.6)
_NAMES = ("sentiment, macro-F1", "contact reason, top 1", "unknown contact reason, recall")
FLAGS = ("urgent", "effort", "escalation", "churn")

Units = dict[str, list[dict[str, Any]]]


def measure(world: World) -> Iterator[Figure]:
    """Everything that the annotation says of the lines."""
    ran = world.lines
    if why := ran.missing("annotate"):
        yield from not_offered(AREA, list(zip(_NAMES, (SENTIMENT, REASON, UNKNOWN_RECALL), strict=True)), why)
        return
    units: Units = defaultdict(list)
    for row in ran.rows("annotate.annotations", tables.ANNOTATIONS):
        units[row["record_id"]].append(row)
    lines = feedback()
    tones = [(line.sentiment, label_of(tone_of(units[line.id]))) for line in lines]
    wrong = sum(true != given for true, given in tones)
    yield Figure(
        area=AREA, name=_NAMES[0], value=macro_f1(tones), n=len(lines), target=SENTIMENT,
        note=f"{1 - wrong / len(lines):.3f} right",
    )  # fmt: skip
    yield from _reasons(lines, units)
    themes = [(frozenset(line.themes), _gathered(units, line, "themes")) for line in lines]
    yield Figure(area=AREA, name="themes, micro-F1", value=micro_f1(themes), n=len(lines))
    for flag in FLAGS:
        found = [(line.flags & {flag}, _gathered(units, line, "flags") & {flag}) for line in lines]
        n = sum(flag in line.flags for line in lines)
        yield Figure(area=AREA, name=f"flag {flag}, F1", value=micro_f1(found), n=n)


def _gathered(units: Units, line: Line, column: str) -> frozenset[str]:
    return frozenset(each for unit in units[line.id] for each in unit[column] or ())


def _reasons(lines: tuple[Line, ...], units: Units) -> Iterator[Figure]:
    judged = [(line, _reason(units, line)) for line in lines if line.reason is not None]
    known = [(line, given) for line, given in judged if line.reason != UNKNOWN]
    right = sum(line.reason == given for line, given in known)
    unsure = sum(not given for _, given in known)
    yield Figure(
        area=AREA, name=_NAMES[1], value=share(right, len(known)), n=len(known), target=REASON,
        note=f"{unsure} told as unknown",
    )  # fmt: skip
    strange = [given for line, given in judged if line.reason == UNKNOWN]
    unheard = sum(not given for given in strange)
    yield Figure(
        area=AREA, name=_NAMES[2], value=share(unheard, len(strange)), n=len(strange), target=UNKNOWN_RECALL
    )  # fmt: skip


def _reason(units: Units, line: Line) -> str:
    """Of the unit that is surest of its own; empty where none has any."""
    told = [unit for unit in units[line.id] if unit["reason"]]
    surest = max(told, key=lambda unit: unit["reason_confidence"] or 0.0, default=None)
    return surest["reason"] if surest else ""
