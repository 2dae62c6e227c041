"""What the steps of a run delivered: the report's material."""

from dataclasses import dataclass, fields

from millrace.contracts.insights import (
    Changes,
    Contacts,
    Drivers,
    Duplicates,
    Emerging,
    Forecasts,
    Kpis,
    Manifest,
    Phrases,
    Risks,
    Segments,
    ServiceLevels,
    SetAsideRecords,
    Summary,
    ThemeImpacts,
    Topics,
    Trends,
)


@dataclass(frozen=True, kw_only=True)
class Insights:
    """One field per input of the report step; None for what is missing."""

    quality: tuple[Manifest, ...] = ()
    kpis: Kpis | None = None
    trends: Trends | None = None
    impact: ThemeImpacts | None = None
    drivers: Drivers | None = None
    segments: Segments | None = None
    topics: Topics | None = None
    phrases: Phrases | None = None
    summary: Summary | None = None
    contacts: Contacts | None = None
    duplicates: Duplicates | None = None
    changes: Changes | None = None
    emerging: Emerging | None = None
    forecasts: Forecasts | None = None
    risks: Risks | None = None
    service_levels: ServiceLevels | None = None
    set_aside: tuple[SetAsideRecords, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """Names of the insights that are there."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name))
