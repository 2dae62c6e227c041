"""What asks for action today."""

from collections.abc import Iterator
from itertools import islice

from millrace.analytics.domain.findings.movement import changed, rising, subject, worse
from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.words import counted
from millrace.contracts.insights import Anomaly
from millrace.contracts.report import Alert

MOST = 5


def alerts(found: Insights) -> tuple[Alert, ...]:
    """At most five: changes for the worse, the latest first; what is on the rise; customers at risk; odd days."""
    return tuple(islice(_all(found), MOST))


def _all(found: Insights) -> Iterator[Alert]:
    points = [each for each in (found.changes.change_points if found.changes else ()) if worse(each)]
    told: set[str] = set()
    for point in sorted(points, key=lambda each: (-each.at.timestamp(), each.p_value, each.metric)):
        # Complaints about a theme and mentions of it are one matter.
        if subject(point.metric) not in told:
            yield Alert(kind="change_point", text=changed(point), metric=f"change_points.{point.metric}")
        told.add(subject(point.metric))
    on_the_rise = rising(found.emerging, told)
    if on_the_rise is not None:
        yield Alert(kind="emerging", text=on_the_rise.text, metric=on_the_rise.metric)
    if found.risks is not None and found.risks.high:
        share = f"{counted(found.risks.high, 'customer')} of {found.risks.customers:,}"
        yield Alert(kind="risk", text=f"{share} may leave: see the reasons of each", metric="risks.high")
    days = found.changes.anomalies if found.changes else ()
    for day in sorted(days, key=lambda each: (-each.at.timestamp(), -abs(each.score), each.metric)):
        yield Alert(kind="anomaly", text=_odd(day), metric=f"anomalies.{day.metric}")


def _odd(day: Anomaly) -> str:
    return f"{day.label} stood out on {day.at:%-d %B %Y}: {day.value:.3g} where {day.expected:.3g} was to be expected"
