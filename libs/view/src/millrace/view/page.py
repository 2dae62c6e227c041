"""A report in, one self-contained HTML page out."""

from dataclasses import dataclass, replace
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from millrace.contracts.report import Report
from millrace.view import formats, tiles, trust
from millrace.view.evidence import Evidence
from millrace.view.outline import PARTS, SECTIONS_OF
from millrace.view.sections import Absent, Part, Section, absent, grouped


@dataclass(frozen=True)
class _WrittenSection:
    section: Section
    html: str


@dataclass(frozen=True)
class _WrittenPart:
    part: Part
    sections: tuple[_WrittenSection, ...]
    absences: tuple[Absent, ...]


def render(report: Report) -> str:
    """The page: no network, no script, charts inside. The same report gives the same bytes.

    What the report holds is escaped; a text of any length or kind can do no more than be read.
    Drawing sets matplotlib's global style for a moment, so that two threads must not render at once.
    """
    evidence = Evidence()
    parts = [_part(part, report, evidence) for part in PARTS]
    # Written last: it points at quotes that the sections have placed.
    absences = [absence for part in parts for absence in part.absences]
    there = {each.section.id for part in parts for each in part.sections}
    page = _template("page").render(
        report=report, evidence=evidence, title=trust.title(report), dated=trust.dated(report),
        status=trust.status(report, absences), tiles=tiles.tiles(report),
        parts=_gathered(parts),
        section_of=lambda metric: _section_of(metric, there),
    )  # fmt: skip
    return formats.readable(page)


def _part(part: Part, report: Report, evidence: Evidence) -> _WrittenPart:
    written, absences = [], []
    for section in part.sections:
        data = section.data(report)
        if data is not None:
            html = _template(section.id).render(report=report, section=section, evidence=evidence, **data)
            written.append(_WrittenSection(section, html))
        elif missing := absent(section, report):
            absences.append(missing)
    return _WrittenPart(part, tuple(written), tuple(absences))


def _gathered(parts: list[_WrittenPart]) -> list[_WrittenPart]:
    """Parts with a section; what is absent from the others is told in the last, which always has one."""
    there = [part for part in parts if part.sections]
    elsewhere = [absence for part in parts if not part.sections for absence in part.absences]
    last = replace(there[-1], absences=(*elsewhere, *there[-1].absences))
    return [replace(part, absences=tuple(grouped(part.absences))) for part in [*there[:-1], last]]


def _section_of(metric: str, there: set[str]) -> tuple[str, str] | None:
    """Anchor and title of the section that tells more about a metric, where the page has it."""
    wanted = SECTIONS_OF.get(metric.partition(".")[0])
    sections = [section for part in PARTS for section in part.sections]
    return next(((each.id, each.title) for each in sections if each.id == wanted and each.id in there), None)


def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.html.j2")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("millrace.view"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    names = (
        "asides", "count", "counted", "cut", "date", "day", "duration", "interval", "listed", "moment", "number",
        "p_number", "percent", "points", "says", "signed", "typeset",
    )  # fmt: skip
    environment.filters.update({name: getattr(formats, name) for name in names})
    environment.globals.update({name: getattr(formats, name) for name in ("duration", "percent", "signed", "times")})
    return environment
