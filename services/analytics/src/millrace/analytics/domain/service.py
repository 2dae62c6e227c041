"""How fast and how finally tickets are answered, when most comes in, and whether agents' figures lie apart."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from millrace.analytics.domain import estimates
from millrace.analytics.domain.estimates import LEVEL
from millrace.analytics.domain.ranks import Members, rank_test
from millrace.analytics.domain.ratings import values
from millrace.analytics.domain.words import counted
from millrace.contracts.insights import AgentRange, Estimate, ServiceLevels

PERCENTILES = {"p50": 0.5, "p90": 0.9}
MIN_TICKETS = 20
"""Of an agent, for any figure of theirs."""
MIN_RECORDS = 120
"""Five expected in every hour of the day, below which the test of whether hours differ does not hold (Cochran 1954)."""
BUSIEST = 3
_ROUNDING = 1e-9
"""Of two agents, each is as far from the other: their p-values differ by noise at most."""
NOT_WHY = "agents get different tickets: a range that lies apart does not say why"


def measure_service(tickets: pd.DataFrame, hourly: pd.DataFrame | None = None) -> ServiceLevels:
    """Replies, resolutions and reopened tickets, the load by hour of the day, and agents' ranges.

    The tables have the columns of their contracts. Durations are those of tickets that have one; how many have none
    is in the note, since those still open are the slow ones.
    """
    backlog, busiest, of_hours = _load(hourly)
    agents, of_agents = _agents(tickets)
    if tickets.empty:
        return ServiceLevels(
            backlog=None, busiest_hours=busiest, note="; ".join(filter(None, ("there are no tickets", of_hours)))
        )  # fmt: skip
    never = _never_reopened(tickets)
    notes = (_missing(tickets, "first_reply_s", "reply"), _missing(tickets, "resolution_s", "resolution"), never)
    return ServiceLevels(
        tickets=len(tickets),
        first_reply_s=_percentiles(tickets, "first_reply_s"),
        resolution_s=_percentiles(tickets, "resolution_s"),
        reopened=None if never else _reopened(tickets),
        backlog=backlog,
        busiest_hours=busiest,
        agents=agents,
        note="; ".join(filter(None, (*notes, of_hours, of_agents))),
    )


def _percentiles(tickets: pd.DataFrame, column: str) -> dict[str, Estimate]:
    found = {name: estimates.quantile(values(tickets, column), share) for name, share in PERCENTILES.items()}
    return {name: number for name, number in found.items() if number is not None}


def _missing(tickets: pd.DataFrame, column: str, what: str) -> str:
    none = int(tickets[column].isna().sum())
    return f"{none} of {len(tickets)} tickets have no {what} time" if none else ""


def _reopened(tickets: pd.DataFrame) -> Estimate | None:
    known = values(tickets, "reopened")
    return estimates.share(int(np.sum(known > 0)), len(known)) if len(known) else None


def _never_reopened(tickets: pd.DataFrame) -> str:
    """The table counts a ticket of which nobody says that it was reopened as not reopened."""
    return "" if (tickets["reopened"].fillna(0) > 0).any() else "no ticket is marked as reopened: perhaps none ever is"


def _load(hourly: pd.DataFrame | None) -> tuple[int | None, tuple[int, ...], str]:
    """The backlog of the last hour, the busiest hours of the day (UTC), and why there are none."""
    if hourly is None or hourly.empty:
        return None, (), "nothing is known of the load by hour"
    backlog = int(hourly.sort_values("hour")["backlog"].iloc[-1])
    by_hour = hourly.groupby(hourly["hour"].dt.hour)["records"].sum()
    busiest, note = _busiest(by_hour.reindex(range(24), fill_value=0).to_numpy())
    return backlog, busiest, note


def _busiest(records: NDArray[np.int64]) -> tuple[tuple[int, ...], str]:
    """At most three hours, given the records by hour of the day; none when all hours may be alike (chi-squared)."""
    if records.sum() < MIN_RECORDS:
        return (), f"the busiest hours need {MIN_RECORDS} records with a time"
    if np.count_nonzero(records) == 1:
        return (), "all records are of one hour of the day: their times may be dates only"
    if stats.chisquare(records).pvalue >= 1 - LEVEL:
        return (), "no hour of the day stands out"
    order = sorted(np.flatnonzero(records), key=lambda hour: (-records[hour], hour))
    return tuple(int(hour) for hour in order[:BUSIEST]), ""


def _agents(tickets: pd.DataFrame) -> tuple[tuple[AgentRange, ...], str]:
    """Every agent with enough tickets, in the order of their hashes: a range, no rank."""
    counts = tickets.loc[tickets["agent"].fillna("") != "", "agent"].value_counts()
    told = sorted(counts.index[counts >= MIN_TICKETS])
    few = len(counts) - len(told)
    notes = [f"{counted(few, 'agent')} with fewer than {MIN_TICKETS} tickets left out"] if few else []
    if len(told) < 2:
        return (), "; ".join(notes)
    theirs = tickets[tickets["agent"].isin(told)]
    apart = lie_apart(theirs, told)
    marked = not _never_reopened(tickets)
    ranges = tuple(_range(agent, theirs[theirs["agent"] == agent], agent in apart, marked) for agent in told)
    return ranges, "; ".join([*notes, NOT_WHY])


def _range(agent: str, tickets: pd.DataFrame, apart: bool, marked: bool) -> AgentRange:
    """`marked`: whether any ticket of the batch is marked as reopened."""
    return AgentRange(
        agent=agent, tickets=len(tickets), resolution_s=estimates.median(values(tickets, "resolution_s")),
        reopened=_reopened(tickets) if marked else None, apart=apart,
    )  # fmt: skip


def lie_apart(tickets: pd.DataFrame, agents: list[str]) -> set[str]:
    """Agents whose resolution times or reopened tickets differ from all other agents'.

    The clearest is told and taken out, so that nobody looks quick beside one slow colleague; then the rest are tested
    again, until none stands. Every round is adjusted over both tests of all its agents (Bonferroni): the chance of a
    single false claim stays below 5 %, since it is people who are judged.
    """
    apart: set[str] = set()
    while clearest := _clearest(tickets, [agent for agent in agents if agent not in apart]):
        apart |= clearest
    return apart


def _clearest(tickets: pd.DataFrame, agents: list[str]) -> set[str]:
    """The agent with the smallest p-value, if it stands; both, of two."""
    theirs = tickets[tickets["agent"].isin(agents)]
    tests = [*_by_time(theirs, agents), *_by_reopened(theirs, agents)]
    least = min((p_value for _, p_value in tests), default=1.0)
    if least * len(tests) >= 1 - LEVEL:
        return set()
    return {agent for agent, p_value in tests if p_value <= least * (1 + _ROUNDING)}


def _by_time(tickets: pd.DataFrame, agents: list[str]) -> list[tuple[str, float]]:
    """Mann-Whitney p-values of resolution times; none when they are all the same."""
    resolved = tickets.dropna(subset=["resolution_s"])
    seconds = values(resolved, "resolution_s")
    told, members = _members(resolved["agent"], agents)
    if len(told) < 2 or np.ptp(seconds) == 0:
        return []
    return list(zip(told, rank_test(seconds, members).tolist(), strict=True))


def _by_reopened(tickets: pd.DataFrame, agents: list[str]) -> list[tuple[str, float]]:
    """Exact p-values of the number of reopened tickets, given all: twice the smaller tail (Fisher 1935)."""
    known = tickets.dropna(subset=["reopened"])
    again = known["reopened"].to_numpy() > 0
    told, members = _members(known["agent"], agents)
    if len(told) < 2:
        return []
    found, total = again @ members.astype(np.int64), (len(again), int(again.sum()))
    of_agent = stats.hypergeom(*total, members.sum(axis=0))
    tails = np.minimum(of_agent.cdf(found), of_agent.sf(found - 1))
    return list(zip(told, np.minimum(2 * tails, 1.0).tolist(), strict=True))


def _members(column: pd.Series, agents: list[str]) -> tuple[list[str], Members]:
    """The agents with enough of these tickets, and which tickets are whose."""
    counts = column.value_counts()
    told = [agent for agent in agents if counts.get(agent, 0) >= MIN_TICKETS]
    return told, np.column_stack([(column == agent).to_numpy(dtype=bool) for agent in told] or [np.empty(0, bool)])
