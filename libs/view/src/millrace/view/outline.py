"""The page from top to bottom: which sections there are, in which part, in which order."""

from millrace.view import movement, themes, tiles, trust, voices
from millrace.view.sections import Part, Section

TEXT = ("annotate", "conversations")
"""Steps that everything about the text rests on."""

PARTS = (
    Part(id="score", title="What moves the score", sections=(
        Section(id="scores", title="Ratings", data=tiles.spread, steps=("kpis", "ratings")),
        Section(id="themes", title="Themes and their impact", data=themes.themes, steps=("impact", *TEXT)),
    )),
    Part(id="contact", title="Why customers get in touch", sections=(
        Section(id="contacts", title="Contact reasons", data=voices.contacts, steps=("contacts", *TEXT)),
        Section(id="flags", title="Cues that ask for action", data=voices.flags, steps=("contacts", *TEXT), notes=()),
        Section(id="entities", title="What they name", data=voices.entities, steps=("contacts", *TEXT), notes=()),
    )),
    Part(id="with", title="What goes with the score", sections=(
        Section(id="drivers", title="Drivers", data=themes.drivers, steps=("drivers", "ratings", *TEXT)),
        Section(id="segments", title="Segments", data=themes.segments, steps=("segments", "ratings")),
    )),
    Part(id="change", title="What is changing", sections=(
        Section(id="trends", title="Trends", data=movement.trends, steps=("trends", "ratings")),
        Section(id="changes", title="Change points and anomalies", data=movement.changes,
                steps=("changes", "ratings", *TEXT)),
        Section(id="forecasts", title="Forecast", data=movement.forecasts,
                steps=("forecast", "ratings"), notes=("forecast", "forecasts")),
        Section(id="emerging", title="Emerging themes", data=movement.emerging, steps=("emerging", *TEXT)),
    )),
    Part(id="words", title="In their own words", sections=(
        Section(id="topics", title="Topics outside the taxonomy", data=voices.topics, steps=("topics", *TEXT)),
        Section(id="phrases", title="Key phrases", data=voices.phrases, steps=("phrases", *TEXT)),
        Section(id="summary", title="Sentences that stand for the rest", data=voices.summary,
                steps=("summary", *TEXT)),
    )),
    Part(id="customers", title="Customers and service", sections=(
        Section(id="risks", title="Customers at risk", data=voices.risks, steps=("risks", "customers")),
        Section(id="service", title="Service levels", data=voices.service_levels,
                steps=("service_levels", "operations")),
        Section(id="duplicates", title="Duplicates and campaigns", data=voices.duplicates,
                steps=("duplicates", *TEXT[1:])),
    )),
    Part(id="trust", title="How far to trust this", sections=(
        Section(id="gaps", title="What is missing, and what that costs you", data=trust.gaps),
        Section(id="notes", title="What could not be said, and why", data=trust.notes),
        Section(id="coverage", title="What was looked at", data=trust.seen),
        Section(id="quality", title="Data quality", data=trust.quality),
        Section(id="lineage", title="Where this comes from", data=trust.lineage),
    )),
)  # fmt: skip

SECTIONS_OF = {
    "kpis": "scores", "sentiment": "themes", "themes": "themes", "theme": "themes", "contacts": "contacts",
    "flags": "flags", "reasons": "contacts", "drivers": "drivers", "segments": "segments", "trends": "trends",
    "volume": "trends", "change_points": "changes", "changes": "changes", "anomalies": "changes",
    "forecasts": "forecasts", "emerging": "emerging", "topics": "topics", "phrases": "phrases", "risks": "risks",
    "service_levels": "service", "duplicates": "duplicates", "duplicate_share": "duplicates",
}  # fmt: skip
"""Where to look for a metric: section by the first word of its dotted path."""
