"""What a section is: where it stands, what it shows, and where to look for the reason when it has nothing to show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from millrace.contracts.outcome import OutcomeStatus
from millrace.contracts.report import Report
from millrace.view import words
from millrace.view.formats import listed

Data = dict[str, Any] | None
"""What a template is given; None for a section without content."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the page."""

    id: str
    """Its anchor, and the name of its template."""
    title: str
    data: Callable[[Report], Data]
    steps: tuple[str, ...] = ()
    """Steps that make its content, the last one first."""
    notes: tuple[str, ...] | None = None
    """Whose notes may say why it has no content: those of its steps unless others are named."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Sections that belong together."""

    id: str
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Absent:
    """A section without content, and why."""

    titles: str
    why: str
    missing: bool = False
    """Whether a step is missing, so that it is told as a gap already."""
    searched: bool = False
    """Whether it was looked for and is not there."""


def grouped(absences: Iterable[Absent]) -> list[Absent]:
    """One entry for each reason, with all that it is the reason of."""
    by_reason: dict[str, list[Absent]] = {}
    for each in absences:
        by_reason.setdefault(each.why, []).append(each)
    return [
        replace(found[0], titles=listed(words.inside(each.titles) for each in found)) for found in by_reason.values()
    ]


def absent(section: Section, report: Report) -> Absent | None:
    """Why the section has no content; None where nobody looked, so that there is nothing to tell."""
    gaps = {gap.step: gap for gap in report.gaps}
    own, *before = section.steps or ("",)
    if own in gaps:
        return Absent(section.title, words.reason(gaps[own].reason), missing=True)
    said = _note(section.steps if section.notes is None else section.notes, report)
    if said:
        return Absent(section.title, said.rstrip("."))
    lacking = next((gaps[step] for step in before if step in gaps and not words.partly(gaps[step].reason)), None)
    if lacking:
        why = f"{words.inside(words.step(lacking.step))} {words.reason(lacking.reason)}"
        return Absent(section.title, why, missing=True)
    done = {each.step for each in report.lineage.steps if each.status is OutcomeStatus.SUCCEEDED}
    return Absent(section.title, "looked for, nothing found", searched=True) if own in done else None


def _note(names: tuple[str, ...], report: Report) -> str:
    """The first note about one of these, as a part of a sentence."""
    for note in report.notes:
        about, colon, said = note.partition(": ")
        if colon and about.replace(" ", "_") in names and not said.startswith("check "):
            return said[:1].lower() + said[1:]
    return ""
