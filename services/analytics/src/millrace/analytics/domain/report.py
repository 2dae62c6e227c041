"""The report: every insight of a run in one model. What is missing stays missing; it never becomes a zero."""

from collections.abc import Collection
from typing import Any

from millrace.analytics.domain.alerts import alerts
from millrace.analytics.domain.cost import Prices, cost
from millrace.analytics.domain.headline import headline
from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.words import percent
from millrace.contracts.insights import DuplicateCluster, SetAsideRecords
from millrace.contracts.report import Lineage, ModelUse, Report
from millrace.contracts.run import RunContext

CLUSTERS = 10
"""Clusters of duplicates that are told, and records that each of them names."""
PASSING = frozenset({"cached", "cache_faults"})
"""Facts about the run rather than the batch: the same batch gives the same report, whoever remembers it."""
UNKNOWN = "und"
"""The language of texts that are too short to tell (ISO 639-2)."""
_LANGUAGE = "lang_"
"""Begins the share of a language in a manifest."""
_NOTED = (
    "kpis", "impact", "trends", "segments", "drivers", "topics", "phrases", "summary", "contacts", "duplicates",
    "changes", "emerging", "forecasts", "risks", "service_levels",
)  # fmt: skip
"""Insights that may say what they could not do."""


def write_report(run: RunContext, found: Insights, prices: Prices, languages: Collection[str] = ()) -> Report:
    """The report of this run. The same insights give the same report.

    `languages`: those whose texts were read; empty where that is not known.
    """
    return Report(
        run_id=run.run_id,
        tenant=run.tenant,
        accepted_at=run.accepted_at,
        records=run.records,
        coverage={step.step: step.coverage for step in run.steps if step.coverage is not None},
        gaps=run.gaps,
        set_aside=_by_step(found.set_aside),
        headline=headline(found),
        alerts=alerts(found),
        data_quality=tuple(sorted(found.quality, key=lambda manifest: manifest.generator)),
        notes=_notes(run, found, languages),
        lineage=_lineage(run),
        models=tuple(
            ModelUse(step=step.step, model=str(step.facts["model"])) for step in run.steps if "model" in step.facts
        ),
        timings={step.step: step.seconds for step in run.steps},
        cost=cost(run, prices),
        **_scores(run, found),
        **_words(found),
        **_movement(found),
    )


def _lineage(run: RunContext) -> Lineage:
    steps = tuple(step.model_copy(update={"facts": _lasting(step.facts)}) for step in run.steps)
    return Lineage(batch_sha256=run.batch_sha256, flow=run.flow, flow_version=run.flow_version, steps=steps)


def _lasting(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in PASSING}


def _scores(run: RunContext, found: Insights) -> dict[str, Any]:
    impact, drivers = found.impact, found.drivers
    return {
        # The kpis step sees rated records only; the run knows how many records there are.
        "kpis": found.kpis.model_copy(update={"records": run.records}) if found.kpis else None,
        "sentiment": impact.sentiment if impact and impact.sentiment.n else None,
        "themes": impact.themes if impact else (),
        "drivers": drivers.drivers if drivers else (),
        "drivers_explained": drivers.explained if drivers else None,
        "segments": found.segments.segments if found.segments else (),
        "risks": found.risks,
        "service_levels": found.service_levels,
    }


def _words(found: Insights) -> dict[str, Any]:
    return {
        "topics": found.topics.topics if found.topics else (),
        "phrases": found.phrases.phrases if found.phrases else (),
        "summary": found.summary.sentences if found.summary else (),
        "contacts": found.contacts,
        "duplicates": tuple(map(_cut, found.duplicates.clusters[:CLUSTERS])) if found.duplicates else (),
        "duplicate_share": found.duplicates.share if found.duplicates else None,
    }


def _movement(found: Insights) -> dict[str, Any]:
    return {
        "trends": found.trends.series if found.trends else (),
        "change_points": found.changes.change_points if found.changes else (),
        "anomalies": found.changes.anomalies if found.changes else (),
        "emerging": found.emerging.themes if found.emerging else (),
        "forecasts": found.forecasts.series if found.forecasts else (),
    }


def _cut(cluster: DuplicateCluster) -> DuplicateCluster:
    return cluster.model_copy(update={"records": cluster.records[:CLUSTERS]})


def _by_step(found: tuple[SetAsideRecords, ...]) -> tuple[SetAsideRecords, ...]:
    """One entry a step, with each record once: several of a record's rows may have been set aside."""
    steps = sorted({each.step for each in found})
    ids = {step: sorted({record for each in found if each.step == step for record in each.records}) for step in steps}
    return tuple(SetAsideRecords(step=step, records=tuple(ids[step])) for step in steps)


def _notes(run: RunContext, found: Insights, languages: Collection[str]) -> tuple[str, ...]:
    """What the steps said about their own limits, and checks that failed."""
    empty = [("batch", "it holds no records, so there is nothing to say")] if run.records == 0 else []
    told = [(name, getattr(found, name).note) for name in _NOTED if getattr(found, name) is not None]
    hidden = found.impact.hidden if found.impact else 0
    themes = [("themes", f"{hidden} with fewer than 20 records are not shown")] if hidden else []
    failed = [
        (manifest.generator, f"check {check.name} failed{': ' if check.detail else ''}{check.detail}")
        for manifest in found.quality
        for check in manifest.checks
        if not check.passed
    ]
    notes = [*empty, *_unread(found, languages), *told, *themes, *sorted(failed)]
    return tuple(dict.fromkeys(f"{name.replace('_', ' ')}: {note}" for name, note in notes if note))


def _unread(found: Insights, languages: Collection[str]) -> list[tuple[str, str]]:
    """Languages of texts that nobody read, by what the conversations' manifest knows of them."""
    shares = {name: share for manifest in found.quality for name, share in manifest.shares.items() if share > 0}
    spoken = {name.removeprefix(_LANGUAGE): share for name, share in shares.items() if name.startswith(_LANGUAGE)}
    unread = [f"{percent(share)} in {name}" for name, share in spoken.items() if name not in {*languages, UNKNOWN}]
    if not languages or not unread:
        return []
    which = f"tone, themes and reasons are read in {', '.join(languages)} only"
    return [("languages", f"{which}; of the texts, {', '.join(sorted(unread))}")]
