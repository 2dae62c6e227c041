import pytest

from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.naming import named
from millrace.contracts.insights import (
    Contacts,
    Driver,
    Drivers,
    Estimate,
    FlagShare,
    Labels,
    ReasonShare,
    Theme,
    ThemeImpacts,
)

LABELS = Labels(themes={"fit": "Fit and sizing"}, reasons={"outage": "Outage or error"}, flags={"churn": "May leave"})
HALF = Estimate(value=0.5, low=0.4, high=0.6, n=10)


def test_themes_reasons_and_flags_get_the_names_that_people_gave_them():
    # given
    theme = Theme(id="fit", label="Fit", records=5, share=HALF, sentiment=HALF)
    reason = ReasonShare(id="outage", label="Outage", conversations=5, share=HALF)
    flag = FlagShare(id="churn", label="Churn", records=5, share=HALF)
    found = Insights(
        impact=ThemeImpacts(kind="", overall=None, sentiment=HALF, themes=(theme,)),
        contacts=Contacts(reasons=(reason,), flags=(flag,)),
    )
    # when
    told = named(found, LABELS)
    # then
    assert told.impact.themes[0].label == "Fit and sizing"
    assert (told.contacts.reasons[0].label, told.contacts.flags[0].label) == ("Outage or error", "May leave")


@pytest.mark.parametrize(("feature", "label"), [("fit", "Fit and sizing"), ("segment:Plan", "Plan: free")])
def test_what_has_no_name_keeps_its_own(feature, label):
    # given
    driver = Driver(feature=feature, kind="theme", label="Plan: free", effect=HALF, importance=0.1, n=10)
    # then
    assert named(Insights(drivers=Drivers(drivers=(driver,))), LABELS).drivers.drivers[0].label == label


def test_nothing_stays_nothing():
    assert named(Insights(), LABELS) == Insights()
