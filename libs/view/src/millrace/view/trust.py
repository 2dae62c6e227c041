"""How far the report can be trusted: what was looked at, what is missing, checks, lineage, models, cost and time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from millrace.contracts.insights import Manifest
from millrace.contracts.report import Report
from millrace.contracts.run import Gap, StepContext
from millrace.view import words
from millrace.view.formats import cut, first, listed, money, percent, period
from millrace.view.sections import Absent, Data, grouped

IDS = 20
DIGEST = 12
"""Characters of a digest: enough to tell files apart."""


def dated(report: Report) -> tuple[datetime, datetime] | None:
    """The period that the records are from."""
    kpis = report.kpis
    if kpis and kpis.first_at and kpis.last_at:
        return kpis.first_at, kpis.last_at
    times = [point.at for trend in report.trends for point in trend.points]
    return (min(times), max(times)) if times else None


def title(report: Report) -> str:
    """The page's title in words."""
    found = dated(report)
    return f"What customers said, {period(*found)}" if found else "What customers said"


def status(report: Report, absences: Sequence[Absent]) -> dict[str, Any]:
    """The report's state in a few sentences."""
    missing = "; ".join(sorted(words.inside(words.step(gap.step)) for gap in report.gaps))
    first_line = f"Missing or incomplete: {missing}." if report.gaps else "Every step of the flow delivered."
    lines = _read(report)
    telling = grouped(each for each in absences if not each.missing and not each.searched)
    nothing = "; ".join(f"{each.titles} ({each.why})" for each in telling)
    lines += [f"Nothing is said about {nothing}."] if nothing else []
    if not report.records:
        return {"state": "Nothing to report", "first": "The batch holds no record that could be used.", "lines": lines}
    return {"state": "Partial" if report.gaps else "Complete", "first": first_line, "lines": lines}


def _read(report: Report) -> list[str]:
    """What was read, from the widest to the narrowest."""
    told = []
    for step, what in (("conversations", "records have a text that was read"), ("annotate", "sentences were read")):
        seen = report.coverage.get(step)
        if seen and seen.total:
            noun = "All" if seen.seen == seen.total else f"{percent(seen.share)} of the"
            of = f"{seen.total:,}" if seen.seen == seen.total else f"{seen.seen:,} of {seen.total:,}"
            told.append(f"{noun} {what} ({of}).")
    if report.kpis and report.records:
        rated = report.kpis.rated
        share = percent(rated / report.records)
        some = f"{rated:,} of {report.records:,} records carry a rating ({share})." if rated else "No record is rated."
        told.append(some if rated < report.records else f"All {rated:,} records carry a rating.")
    return told


def seen(report: Report) -> Data:
    """What each step really looked at, the least complete first; what is complete in one line."""
    ranked = sorted(report.coverage.items(), key=lambda pair: (pair[1].share, pair[0]))
    rows = [(words.step(step), words.seen(step), coverage) for step, coverage in ranked if coverage.share < 1]
    full = [
        f"{words.inside(words.step(step))} ({coverage.total:,} {words.seen(step)})"
        for step, coverage in ranked
        if coverage.share == 1
    ]
    return {"rows": rows, "full": listed(full)} if ranked else None


def gaps(report: Report) -> Data:
    """What is missing, why, and what that costs the reader; records that were set aside."""
    rows = [
        (words.step(gap.step), words.reason(gap.reason), _effect(gap))
        for gap in sorted(report.gaps, key=lambda gap: gap.step)
    ]
    aside = [(words.step(each.step), len(each.records), *first(each.records, IDS)) for each in report.set_aside]
    return {"gaps": rows, "aside": aside} if rows or aside else None


def _effect(gap: Gap) -> str:
    """What it costs the reader: of a step that did some of its work, the flow's words hold for the rest only."""
    return f"for the rest: {gap.effect}" if gap.effect and words.partly(gap.reason) else gap.effect


def notes(report: Report) -> Data:
    """What could not be said, and why; failed checks stand with their dataset."""
    told = dict.fromkeys(words.note(note) for note in report.notes if ": check " not in note)
    return {"notes": list(told)} if told else None


def quality(report: Report) -> Data:
    """Each dataset with its checks, languages and what was masked."""
    sets = [_dataset(each) for each in report.data_quality]
    return {"sets": sets} if sets else None


def _dataset(manifest: Manifest) -> dict[str, Any]:
    failed = [check for check in manifest.checks if not check.passed]
    return {
        "title": words.step(_name(manifest.generator)), "manifest": manifest,
        "failures": [(words.check(each.name), words.detail(each.detail)) for each in failed],
        "passed": [words.check(each.name) for each in manifest.checks if each.passed],
        "languages": words.languages(manifest), "masked": words.masked(manifest),
        "tables": [(words.table(name), rows) for name, rows in sorted(manifest.tables.items())],
    }  # fmt: skip


def _name(generator: str) -> str:
    """The step's name within a generator's: `dataset.customers.ratings` is `ratings`, `….build` its service."""
    *front, last = generator.split(".")
    return front[-1] if last == "build" and front else last


def lineage(report: Report) -> Data:
    """From what and by what the report was made, step by step, with time and cost."""
    rows = [_step(each, report.timings.get(each.step, each.seconds)) for each in report.lineage.steps]
    slowest = max((row["seconds"] for row in rows), default=0.0)
    return {
        "digest": report.lineage.batch_sha256, "short": report.lineage.batch_sha256[:DIGEST],
        "flow": f"{report.lineage.flow}, version {report.lineage.flow_version}",
        "generators": [(each.generator, each.code_version) for each in report.data_quality],
        "rows": rows, "slowest": slowest or 1.0,
        "models": [(words.step(each.step), cut(each.model, 120)) for each in report.models],
        "cost": report.cost, "usd": money(report.cost.usd) if report.cost else "",
    }  # fmt: skip


def _step(step: StepContext, seconds: float) -> dict[str, Any]:
    return {
        "title": words.step(step.step), "stage": words.plain(step.stage), "status": words.plain(step.status.value),
        "ok": step.status.value == "succeeded", "parts": step.parts, "seconds": seconds,
    }  # fmt: skip
