"""The analytics tasks: decode, call the domain, encode."""

from dataclasses import dataclass

from celery import Celery

from millrace.analytics import adapters
from millrace.analytics.domain.drivers import find_drivers
from millrace.analytics.domain.impact import measure_impact
from millrace.analytics.domain.kpis import measure_kpis
from millrace.analytics.domain.mentions import looked_at
from millrace.analytics.domain.report import Insights, write_report
from millrace.analytics.domain.trends import measure_trends
from millrace.contracts import catalogue, insights, tables
from millrace.contracts.inputs import FindDrivers, MeasureKpis, MeasureTrends, ThemeImpact, WriteReport
from millrace.contracts.outcome import Coverage
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.errors import BadInput
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need from outside."""

    store: ArtifactStore


def kpis(request: MeasureKpis, part: Part) -> Result:
    """`analytics.kpis`."""
    ratings = adapters.read_ratings(part, request.ratings)
    tickets = adapters.read_maybe_frame(part, request.tickets, tables.TICKETS)
    found = measure_kpis(ratings, tickets)
    part.write_model("kpis", found)
    return Result(facts={"rated": found.rated, "scales": len(found.scores)})


def trends(request: MeasureTrends, part: Part) -> Result:
    """`analytics.trends`."""
    ratings = adapters.read_ratings(part, request.ratings)
    found = measure_trends(ratings)
    part.write_model("trends", found)
    dated = int(ratings["created_at"].notna().sum())
    return Result(coverage=Coverage(seen=dated, total=len(ratings)), facts={"series": len(found.series)})


def theme_impact(request: ThemeImpact, part: Part) -> Result:
    """`analytics.theme_impact`."""
    ratings = adapters.read_ratings(part, request.ratings)
    annotations = adapters.read_annotations(part, request.annotations)
    found = measure_impact(ratings, annotations)
    part.write_model("impact", found)
    seen = Coverage(seen=len(looked_at(ratings, annotations)), total=len(ratings))
    return Result(coverage=seen, facts={"themes": len(found.themes), "hidden": found.hidden})


def drivers(request: FindDrivers, part: Part) -> Result:
    """`analytics.drivers`."""
    ratings = adapters.read_ratings(part, request.ratings)
    annotations = adapters.read_annotations(part, request.annotations)
    segments = adapters.read_maybe_frame(part, request.segments, tables.SEGMENTS)
    found = find_drivers(ratings, annotations, segments)
    part.write_model("drivers", found)
    seen = Coverage(seen=len(looked_at(ratings, annotations)), total=len(ratings))
    return Result(coverage=seen, facts={"drivers": len(found.drivers), "segments": len(found.segments)})


def report(request: WriteReport, part: Part) -> Result:
    """`analytics.report`. BadInput when there is nothing at all to report: that run has failed."""
    found = Insights(
        quality=tuple(part.read_model(ref, insights.Manifest) for ref in request.quality),
        kpis=adapters.read_maybe(part, request.kpis, insights.Kpis),
        trends=adapters.read_maybe(part, request.trends, insights.Trends),
        impact=adapters.read_maybe(part, request.impact, insights.ThemeImpacts),
        drivers=adapters.read_maybe(part, request.drivers, insights.Drivers),
        topics=adapters.read_maybe(part, request.topics, insights.Topics),
        phrases=adapters.read_maybe(part, request.phrases, insights.Phrases),
        summary=adapters.read_maybe(part, request.summary, insights.Summary),
        set_aside=tuple(part.read_model(ref, insights.SetAsideRecords) for ref in request.set_aside),
    )
    if not found.present:
        raise BadInput("no step of the run delivered anything")
    written = write_report(request.run, found)
    part.write_model("report", written)
    return Result(facts={"findings": len(written.headline), "insights": list(found.present)})


def register(app: Celery, ports: Ports) -> None:
    """Offer every task of this service."""
    register_part(app, catalogue.KPIS, kpis, ports.store)
    register_part(app, catalogue.TRENDS, trends, ports.store)
    register_part(app, catalogue.THEME_IMPACT, theme_impact, ports.store)
    register_part(app, catalogue.DRIVERS, drivers, ports.store)
    register_part(app, catalogue.REPORT, report, ports.store)
