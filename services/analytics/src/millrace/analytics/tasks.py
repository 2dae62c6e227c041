"""The analytics tasks: decode, call the domain, encode."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType

from celery import Celery

from millrace.analytics import adapters
from millrace.analytics.domain.changes import find_changes
from millrace.analytics.domain.contacts import count_contacts
from millrace.analytics.domain.cost import Prices
from millrace.analytics.domain.drivers import find_drivers
from millrace.analytics.domain.emerging import find_emerging
from millrace.analytics.domain.forecast import make_forecasts
from millrace.analytics.domain.impact import measure_impact
from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.kpis import measure_kpis
from millrace.analytics.domain.mentions import looked_at
from millrace.analytics.domain.naming import named
from millrace.analytics.domain.report import write_report
from millrace.analytics.domain.risks import score_risks
from millrace.analytics.domain.segments import compare_segments
from millrace.analytics.domain.service import measure_service
from millrace.analytics.domain.trends import measure_trends
from millrace.contracts import catalogue, insights, tables
from millrace.contracts.base import Message
from millrace.contracts.inputs import (
    CompareSegments,
    CountContacts,
    FindChanges,
    FindDrivers,
    FindEmerging,
    MakeForecasts,
    MeasureKpis,
    MeasureService,
    MeasureTrends,
    ScoreRisks,
    ThemeImpact,
    WriteReport,
)
from millrace.contracts.outcome import Coverage
from millrace.contracts.report import COST_FACT
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.errors import BadInput
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part

_REPORTED: Mapping[str, type[Message]] = MappingProxyType(
    {
        "kpis": insights.Kpis,
        "trends": insights.Trends,
        "impact": insights.ThemeImpacts,
        "drivers": insights.Drivers,
        "segments": insights.Segments,
        "topics": insights.Topics,
        "phrases": insights.Phrases,
        "summary": insights.Summary,
        "contacts": insights.Contacts,
        "duplicates": insights.Duplicates,
        "changes": insights.Changes,
        "emerging": insights.Emerging,
        "forecasts": insights.Forecasts,
        "risks": insights.Risks,
        "service_levels": insights.ServiceLevels,
    }
)
"""The report's inputs that an optional step may not have delivered, and what each of them holds."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the tasks need from outside."""

    store: ArtifactStore

    @cached_property
    def prices(self) -> Prices:
        """The price list."""
        return adapters.load_prices()


def kpis(request: MeasureKpis, part: Part) -> Result:
    """`analytics.kpis`."""
    ratings = adapters.read_ratings(part, request.ratings)
    tickets = adapters.read_maybe_frame(part, request.tickets, tables.TICKETS)
    customers = adapters.read_maybe_frame(part, request.customers, tables.CUSTOMERS)
    found = measure_kpis(ratings, tickets, customers)
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
    return Result(coverage=seen, facts={"drivers": len(found.drivers)})


def segments(request: CompareSegments, part: Part) -> Result:
    """`analytics.segments`."""
    ratings = adapters.read_ratings(part, request.ratings)
    found = compare_segments(ratings, adapters.read_frame(part, request.segments, tables.SEGMENTS))
    part.write_model("segments", found)
    seen = Coverage(seen=int((ratings["kind"] == found.kind).sum()), total=len(ratings))
    return Result(coverage=seen, facts={"segments": len(found.segments)})


def contacts(request: CountContacts, part: Part) -> Result:
    """`analytics.contacts`."""
    found = count_contacts(adapters.read_annotations(part, request.annotations))
    part.write_model("contacts", found)
    return Result(facts={"conversations": found.conversations, "reasons": len(found.reasons)})


def risks(request: ScoreRisks, part: Part) -> Result:
    """`analytics.risks`."""
    customers = adapters.read_frame(part, request.customers, tables.CUSTOMERS)
    whose = adapters.read_frame(part, request.contacts, tables.CONTACTS)
    found = score_risks(customers, whose, adapters.read_annotations(part, request.annotations))
    part.write_model("risks", found)
    return Result(facts={"method": found.method, "customers": found.customers, "high": found.high})


def service_levels(request: MeasureService, part: Part) -> Result:
    """`analytics.service_levels`."""
    tickets = adapters.read_frame(part, request.tickets, tables.TICKETS)
    found = measure_service(tickets, adapters.read_maybe_frame(part, request.hourly, tables.HOURLY))
    part.write_model("service_levels", found)
    return Result(facts={"tickets": found.tickets, "agents": len(found.agents)})


def changes(request: FindChanges, part: Part) -> Result:
    """`analytics.changes`."""
    ratings = adapters.read_ratings(part, request.ratings)
    annotations = adapters.read_annotations(part, request.annotations)
    found = find_changes(ratings, annotations, adapters.read_maybe_frame(part, request.hourly, tables.HOURLY))
    part.write_model("changes", found)
    seen = Coverage(seen=len(looked_at(ratings, annotations)), total=len(ratings))
    return Result(coverage=seen, facts={"changes": len(found.change_points), "anomalies": len(found.anomalies)})


def emerging(request: FindEmerging, part: Part) -> Result:
    """`analytics.emerging`."""
    found = find_emerging(adapters.read_annotations(part, request.annotations))
    part.write_model("emerging", found)
    return Result(facts={"themes": len(found.themes), "tested": found.tested})


def forecast(request: MakeForecasts, part: Part) -> Result:
    """`analytics.forecast`."""
    ratings = adapters.read_ratings(part, request.ratings)
    found = make_forecasts(ratings, adapters.read_maybe_frame(part, request.hourly, tables.HOURLY))
    part.write_model("forecasts", found)
    return Result(facts={"series": len(found.series)})


def report(ports: Ports, request: WriteReport, part: Part) -> Result:
    """`analytics.report`. BadInput when there is nothing at all to report: that run has failed."""
    singles = {
        name: adapters.read_maybe(part, getattr(request, name), model) for name, model in _REPORTED.items()
    }  # fmt: skip
    found = Insights(
        quality=tuple(part.read_model(ref, insights.Manifest) for ref in request.quality),
        set_aside=tuple(part.read_model(ref, insights.SetAsideRecords) for ref in request.set_aside),
        **singles,  # type: ignore[arg-type] # each name has its own model
    )
    labels = part.read_model(request.labels[0], insights.Labels) if request.labels else insights.Labels()
    if not found.present:
        raise BadInput("no step of the run delivered anything")
    written = write_report(request.run, named(found, labels), ports.prices, labels.languages)
    part.write_model("report", written)
    facts = {"findings": len(written.headline), "insights": list(found.present)}
    return Result(facts=facts | ({COST_FACT: written.cost.usd} if written.cost else {}))


def register(app: Celery, ports: Ports) -> None:
    """Offer every task of this service."""
    register_part(app, catalogue.KPIS, kpis, ports.store)
    register_part(app, catalogue.TRENDS, trends, ports.store)
    register_part(app, catalogue.THEME_IMPACT, theme_impact, ports.store)
    register_part(app, catalogue.DRIVERS, drivers, ports.store)
    register_part(app, catalogue.SEGMENTS, segments, ports.store)
    register_part(app, catalogue.CONTACTS, contacts, ports.store)
    register_part(app, catalogue.RISKS, risks, ports.store)
    register_part(app, catalogue.SERVICE_LEVELS, service_levels, ports.store)
    register_part(app, catalogue.CHANGES, changes, ports.store)
    register_part(app, catalogue.EMERGING, emerging, ports.store)
    register_part(app, catalogue.FORECAST, forecast, ports.store)
    register_part(app, catalogue.REPORT, partial(report, ports), ports.store)
