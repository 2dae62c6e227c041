"""What customers say: contact reasons, cues, topics, phrases, sentences; and who they are and how they are served."""

from typing import Any

from millrace.contracts.insights import DuplicateCluster, Estimate, ServiceLevels, Topic
from millrace.contracts.report import Report
from millrace.view.formats import DASH, counted, duration, first, interval, listed, percent, period, signed
from millrace.view.sections import Data
from millrace.view.themes import strips
from millrace.view.words import RISK_METHODS

REASONS = 12
ENTITIES = 12
TOPICS = 10
TERMS = 8
PHRASES = 24
RISKS = 8
AGENTS = 12
CLUSTERS = 6
CLUSTER_IDS = 10
"""A cluster names at most so many of its records."""


def contacts(report: Report) -> Data:
    """Why customers get in touch."""
    found = report.contacts
    if found is None or not found.reasons:
        return None
    shown, more = first(found.reasons, REASONS)
    return {
        "contacts": found,
        "reasons": shown,
        "more": more,
        "highest": max(each.share.value for each in found.reasons) or 1,
        "shift": _shift(found.shift),
    }


def _shift(shift: Estimate | None) -> str:
    """How the tone of a conversation moves, in words."""
    if shift is None or not shift.n:
        return ""
    moved = "improves" if shift.low > 0 else "worsens" if shift.high < 0 else "does not change measurably"
    told = f"{signed(shift.value)} ({interval(shift, signed)}, {counted(shift.n, 'conversation')})"
    return f"From a customer's first message to the last the tone {moved}: {told} on a scale of {signed(-1, 0)} to +1."


def flags(report: Report) -> Data:
    """Cues that ask for action."""
    found = [each for each in report.contacts.flags if each.records] if report.contacts else []
    return {"flags": found} if found else None


def entities(report: Report) -> Data:
    """Things that the feedback names."""
    if report.contacts is None or not report.contacts.entities:
        return None
    shown, more = first(report.contacts.entities, ENTITIES)
    return {"entities": shown, "more": more}


def topics(report: Report) -> Data:
    """Groups that the taxonomy does not name."""
    if not report.topics:
        return None
    shown, more = first(report.topics, TOPICS)
    return {"topics": [(each, _terms(each)) for each in shown], "more": more}


def _terms(topic: Topic) -> tuple[str, ...]:
    """The terms that the label does not say already."""
    return tuple(term for term in topic.terms[:TERMS] if term.lower() not in topic.label.lower())


def phrases(report: Report) -> Data:
    """Key phrases, as they came: the most telling first."""
    if not report.phrases:
        return None
    shown, more = first(report.phrases, PHRASES)
    return {"phrases": shown, "more": more}


def summary(report: Report) -> Data:
    """Sentences that stand for the rest."""
    return {"sentences": report.summary} if report.summary else None


def risks(report: Report) -> Data:
    """Customers at risk, with reasons."""
    found = report.risks
    if found is None or not found.risks:
        return None
    shown = found.risks[:RISKS]
    return {
        "risks": found, "shown": shown, "rest": found.risks[RISKS:],
        "more": max(0, found.high + found.medium - len(found.risks)), "method": RISK_METHODS.get(found.method, ""),
        "reliability": _reliability(found.reliability),
    }  # fmt: skip


def _reliability(found: dict[str, float]) -> str:
    told = []
    if "auc" in found:
        told.append(f"it ranks a leaver above a stayer in {percent(found['auc'])} of pairs (AUC)")
    if "brier" in found:
        told.append(f"its Brier score is {found['brier']:.3f}")
    if "base_rate" in found:
        told.append(f"{percent(found['base_rate'])} left")
    return f"On customers held out: {listed(told)}." if told else ""


def service_levels(report: Report) -> Data:
    """How fast and how finally tickets are answered."""
    found = report.service_levels
    if found is None or not found.tickets:
        return None
    agents, more = first(found.agents, AGENTS)
    times = (("First reply", found.first_reply_s), ("Resolution", found.resolution_s))
    return {
        "levels": found,
        "times": [(label, kinds) for label, kinds in times if kinds],
        "busiest": _hours(found),
        "agents": agents,
        "more": more,
        "strips": strips([each.resolution_s for each in agents], signed_axis=False),
    }


def _hours(levels: ServiceLevels) -> str:
    """`09:00 to 11:00 and 14:00 to 15:00`: the hours of the day with the most records, neighbours as one."""
    spans: list[list[int]] = []
    for hour in sorted(levels.busiest_hours):
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    return listed(f"{begin:02d}:00{DASH}{end % 24:02d}:00" for begin, end in spans)


def duplicates(report: Report) -> Data:
    """Campaigns, bots and customers who wrote twice."""
    if not report.duplicates:
        return None
    shown, more = first(report.duplicates, CLUSTERS)
    return {"share": report.duplicate_share, "clusters": [_cluster(each) for each in shown], "more": more}


def _cluster(cluster: DuplicateCluster) -> dict[str, Any]:
    size = len(cluster.records)
    shown = f"{'At least ' if size >= CLUSTER_IDS else ''}{counted(size, 'record')}"
    exact = f"{counted(cluster.exact, 'of them is', 'of them are')} word for word the same" if cluster.exact > 1 else ""
    when = ""
    if cluster.first_at and cluster.last_at:
        apart = (cluster.last_at - cluster.first_at).total_seconds()
        within = f", within {duration(apart)}" if 0 < apart < 172_800 else ""
        when = f"{period(cluster.first_at, cluster.last_at)}{within}"
    return {"size": shown, "exact": exact, "when": when, "of": cluster}
