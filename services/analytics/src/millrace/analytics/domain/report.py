"""The report: every insight of a run in one model. What is missing stays missing; it never becomes a zero."""

from dataclasses import dataclass, fields

from millrace.analytics.domain.headline import headline
from millrace.contracts.insights import (
    Drivers,
    Kpis,
    Manifest,
    Phrases,
    SetAsideRecords,
    Summary,
    ThemeImpacts,
    Topics,
    Trends,
)
from millrace.contracts.report import Lineage, Report
from millrace.contracts.run import RunContext


@dataclass(frozen=True, kw_only=True)
class Insights:
    """What the steps of a run delivered; None for what is missing."""

    quality: tuple[Manifest, ...] = ()
    kpis: Kpis | None = None
    trends: Trends | None = None
    impact: ThemeImpacts | None = None
    drivers: Drivers | None = None
    topics: Topics | None = None
    phrases: Phrases | None = None
    summary: Summary | None = None
    set_aside: tuple[SetAsideRecords, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """Names of the insights that are there."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name))


def write_report(run: RunContext, insights: Insights) -> Report:
    """The report of this run. The same insights give the same report."""
    impact, drivers, kpis = insights.impact, insights.drivers, insights.kpis
    return Report(
        run_id=run.run_id,
        tenant=run.tenant,
        accepted_at=run.accepted_at,
        records=run.records,
        coverage={step.step: step.coverage for step in run.steps if step.coverage is not None},
        gaps=run.gaps,
        set_aside=_by_step(insights.set_aside),
        headline=headline(kpis, insights.trends, impact, drivers, insights.topics),
        # The kpis step sees rated records only; the run knows how many records there are.
        kpis=kpis.model_copy(update={"records": run.records}) if kpis else None,
        sentiment=impact.sentiment if impact and impact.sentiment.n else None,
        themes=impact.themes if impact else (),
        topics=insights.topics.topics if insights.topics else (),
        drivers=drivers.drivers if drivers else (),
        drivers_explained=drivers.explained if drivers else None,
        segments=drivers.segments if drivers else (),
        trends=insights.trends.series if insights.trends else (),
        phrases=insights.phrases.phrases if insights.phrases else (),
        summary=insights.summary.sentences if insights.summary else (),
        data_quality=tuple(sorted(insights.quality, key=lambda manifest: manifest.generator)),
        notes=_notes(insights),
        lineage=Lineage(batch_sha256=run.batch_sha256, flow=run.flow, flow_version=run.flow_version, steps=run.steps),
    )


def _by_step(found: tuple[SetAsideRecords, ...]) -> tuple[SetAsideRecords, ...]:
    """One entry a step, with each record once: several of a record's rows may have been set aside."""
    steps = sorted({each.step for each in found})
    ids = {step: sorted({record for each in found if each.step == step for record in each.records}) for step in steps}
    return tuple(SetAsideRecords(step=step, records=tuple(ids[step])) for step in steps)


def _notes(insights: Insights) -> tuple[str, ...]:
    """What the steps said about their own limits, and checks that failed."""
    told = [
        (name, getattr(insights, name).note)
        for name in ("trends", "drivers", "topics", "summary")
        if getattr(insights, name) is not None
    ]
    hidden = insights.impact.hidden if insights.impact else 0
    failed = [
        (manifest.generator, f"check {check.name} failed{': ' if check.detail else ''}{check.detail}")
        for manifest in insights.quality
        for check in manifest.checks
        if not check.passed
    ]
    themes = [("themes", f"{hidden} with fewer than 20 records are not shown")] if hidden else []
    return tuple(dict.fromkeys(f"{name}: {note}" for name, note in [*told, *themes, *sorted(failed)] if note))
