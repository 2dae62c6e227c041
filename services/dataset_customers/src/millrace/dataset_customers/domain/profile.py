"""What the producer's attributes say of a customer: plan, how long they have been one, whether they left."""

import math
from collections.abc import Iterable
from datetime import datetime

from millrace.contracts.records import Record
from millrace.dataset_customers.domain.columns import NOT_GIVEN, bare, looks_personal
from millrace.dataset_customers.domain.lifecycle import moment

PLAN = frozenset(
    {"plan", "planname", "plantype", "plantier", "subscription", "subscriptionplan", "tier", "package", "membership"}
)
TENURE = {
    "tenure": 1.0, "tenuredays": 1.0, "tenureindays": 1.0, "daysascustomer": 1.0, "accountagedays": 1.0,
    "tenuremonths": 30.4375, "tenureinmonths": 30.4375, "monthsascustomer": 30.4375,
    "tenureyears": 365.25, "tenureinyears": 365.25, "yearsascustomer": 365.25,
}  # fmt: skip
"""Days in the unit of each; one without a unit is taken for days."""
SINCE = frozenset(
    {"customersince", "membersince", "usersince", "signupdate", "signupat", "signedup", "signedupat", "registeredat",
     "registrationdate", "registered", "joined", "joinedat", "joindate", "accountcreatedat", "accountcreated",
     "subscribedat", "subscribedsince"}
)  # fmt: skip
CHURNED = frozenset(
    {"churned", "churn", "ischurned", "haschurned", "churnedat", "churndate", "cancelled", "canceled", "iscancelled",
     "iscanceled", "cancelledat", "canceledat", "cancellationdate", "unsubscribed", "hasleft"}
)  # fmt: skip
STATUS = frozenset(
    {"status", "customerstatus", "accountstatus", "subscriptionstatus", "membershipstatus", "userstatus"}
)
"""Attribute names, in lower case and without anything between their words."""

LEFT = frozenset({"churned", "cancelled", "canceled", "terminated", "unsubscribed", "left", "lapsed"})
STAYED = frozenset({"active", "subscribed", "current", "live"})
"""States of a customer. States of tickets are in neither."""
_YES, _NO = frozenset({"yes", "true", "y", "1", "1.0"}), frozenset({"no", "false", "n", "0", "0.0"})
_DAY_S = 86_400
_LONGEST_PLAN = 60


class Profile:
    """The attributes of one customer's records, of which the last word counts."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Records in the order of time."""
        self._said: dict[str, str] = {}
        for record in records:
            for header, value in record.attrs.items():
                if value.strip() and value.strip().casefold() not in NOT_GIVEN:
                    name = bare(header)
                    # Taken out first, so that the dictionary's order is that of the last mention.
                    self._said.pop(name, None)
                    self._said[name] = value.strip()

    def plan(self) -> str | None:
        """The plan's name; None for what may be personal or is no name."""
        found = self._last(PLAN)
        return found if found and len(found) <= _LONGEST_PLAN and not looks_personal([found]) else None

    def tenure_days(self, until: datetime | None) -> float | None:
        """Days as a customer: as it is told, or from the first day to `until`. None where it would be negative."""
        days = [_days(self._said[name], unit) for name, unit in TENURE.items() if name in self._said]
        begun = moment(self._last(SINCE) or "")
        if begun is not None and until is not None:
            days.append((until - begun).total_seconds() / _DAY_S)
        return next((each for each in days if each is not None and each >= 0), None)

    def churned(self) -> bool | None:
        """Whether they left; None where nothing says so or otherwise."""
        told = self._last(CHURNED)
        if told is not None:
            return _is_yes(told.casefold())
        status = (self._last(STATUS) or "").casefold()
        return True if status in LEFT else False if status in STAYED else None

    def _last(self, names: frozenset[str]) -> str | None:
        return next((value for name, value in reversed(self._said.items()) if name in names), None)


def _days(value: str, unit: float) -> float | None:
    try:
        days = float(value) * unit
    except ValueError:
        return None
    return days if math.isfinite(days) else None


def _is_yes(value: str) -> bool | None:
    if value in _YES or value in LEFT or moment(value) is not None:
        return True
    return False if value in _NO or value in STAYED else None
