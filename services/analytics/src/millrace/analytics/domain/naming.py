"""Readable labels in place of those made from ids: the step that gave the ids says what they are called."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from millrace.analytics.domain.insights import Insights
from millrace.contracts.base import Message
from millrace.contracts.insights import Labels

Model = TypeVar("Model", bound=Message)


def named(found: Insights, labels: Labels) -> Insights:
    """The insights with the labels of their themes, reasons and flags; what has none keeps its own."""
    names = {f"theme.{name}": label for name, label in labels.themes.items()}
    names |= {f"complaints.{name}": f"Complaints about {label}" for name, label in labels.themes.items()}
    names |= {f"reason.{name}": label for name, label in labels.reasons.items()}
    impact, drivers, contacts, changes, emerging = (
        found.impact, found.drivers, found.contacts, found.changes, found.emerging,
    )  # fmt: skip
    return replace(
        found,
        impact=impact and _with(impact, themes=tuple(_called(each, labels.themes, each.id) for each in impact.themes)),
        drivers=drivers
        and _with(drivers, drivers=tuple(_called(each, labels.themes, each.feature) for each in drivers.drivers)),
        contacts=contacts
        and _with(
            contacts,
            reasons=tuple(_called(each, labels.reasons, each.id) for each in contacts.reasons),
            flags=tuple(_called(each, labels.flags, each.id) for each in contacts.flags),
        ),
        changes=changes
        and _with(
            changes,
            change_points=tuple(_called(each, names, each.metric) for each in changes.change_points),
            anomalies=tuple(_called(each, names, each.metric) for each in changes.anomalies),
        ),
        emerging=emerging
        and _with(emerging, themes=tuple(_called(each, names, f"{each.kind}.{each.id}") for each in emerging.themes)),
    )


def _called(each: Model, labels: Mapping[str, str], name: str) -> Model:
    return _with(each, label=labels[name]) if name in labels else each


def _with(model: Model, **changes: object) -> Model:
    return model.model_copy(update=changes)
