"""The few findings that a reader must not miss, in plain words with their numbers.

Only what is significant is claimed; where a question was asked and the data have no answer, that is said.
"""

from millrace.analytics.domain.findings.movement import change, rating_trend, rising, subject, volume_trend
from millrace.analytics.domain.findings.scores import level
from millrace.analytics.domain.findings.segments import segment
from millrace.analytics.domain.findings.themes import drag_and_lift, driver, topic
from millrace.analytics.domain.insights import Insights
from millrace.contracts.report import Finding

MOST = 5


def headline(found: Insights) -> tuple[Finding, ...]:
    """At most five findings, the most important question first.

    How good, what broke and when, moving where, what drags, what is on the rise, who is worse off, what is new, what
    goes with the score beside that, what lifts, how much comes in.
    """
    drag, lift = drag_and_lift(found.impact)
    broke = change(found.changes)
    told = (
        level(found.kpis, found.impact), broke, None if broke else rating_trend(found.trends, found.kpis), drag,
        rising(found.emerging, [subject(broke.metric)] if broke else ()), segment(found.segments), topic(found.topics),
        driver(found.drivers, found.impact, told=drag), lift, volume_trend(found.trends),
    )  # fmt: skip
    return tuple(finding for finding in told if finding is not None)[:MOST]
