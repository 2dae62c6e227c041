"""Flags by cues."""

import pytest

from millrace.nlp.domain.annotate import Rules
from millrace.nlp.domain.flags import Flags
from millrace.nlp.errors import InvalidCues


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("This is URGENT, please call me", "urgent"),
        ("I need it fixed today", "urgent"),
        ("please reply asap", "urgent"),
        ("I can't wait any longer", "urgent"),
        ("It was the third time I called", "effort"),
        ("I've been transferred three times", "effort"),
        ("Had to contact you again", "effort"),
        ("Still no answer after two weeks", "effort"),
        ("I was on hold for 40 minutes", "effort"),
        ("I have explained my problem to five people", "effort"),
        ("My lawyer will be in touch", "escalation"),
        ("I want to speak to a manager", "escalation"),
        ("We will go to the press", "escalation"),
        ("I will file a chargeback", "escalation"),
        ("I'll be posting this on Trustpilot", "escalation"),
        ("I can\u2019t cancel my subscription", "churn"),
        ("Never again", "churn"),
        ("I'm switching to a competitor", "churn"),
        ("You just lost a customer", "churn"),
        ("I won't be coming back", "churn"),
        ("I will take my business elsewhere", "churn"),
        ("We are without heating since last night", "urgent"),
        ("I need a replacement by Friday", "urgent"),
        ("I was sent from one department to the next", "effort"),
        ("I sent three emails and got nothing", "effort"),
        ("Why is it so hard to send something back", "effort"),
        ("I'd like to talk to someone in charge", "escalation"),
        ("I will inform the authorities", "escalation"),
        ("We are looking for another provider", "churn"),
        ("This was my last order", "churn"),
        ("Next time I'll buy elsewhere", "churn"),
    ],
)
def test_a_cue_raises_its_flag(rules: Rules, text: str, flag: str) -> None:
    assert rules.flags.raised(text) == (flag,)


@pytest.mark.parametrize(
    "text",
    [
        "No need to hurry",
        "It is not that urgent",
        "I do not want to cancel",
        "Nothing urgent, just a question",
        "No rush at all, whenever you can",
        "I did not have to call twice",
        "The third time I bought these",
        "I'm a lawyer and wear suits",
        "The manager was lovely",
        "They cancelled my flight",
        "I can't wait to wear it",
        "I wouldn't hesitate to buy again",
        "I am never going back to my old one",
        "Please cancel my order",
        "I wear it over and over",
        "People keep asking me where I got it",
        "Next time I will go with a medium",
        "I was considering another colour",
        "My last order was perfect",
        "I am not returning it, I love it",
    ],
)
def test_negations_and_other_meanings_raise_none(rules: Rules, text: str) -> None:
    assert rules.flags.raised(text) == ()


def test_a_negation_reaches_three_words_and_not_beyond_its_clause(rules: Rules) -> None:
    assert rules.flags.raised("No, it is urgent") == ("urgent",)
    assert rules.flags.raised("It is not what I would call a small thing, it is urgent") == ("urgent",)


def test_flags_come_in_the_order_of_the_data(rules: Rules) -> None:
    assert rules.flags.raised("Never again, my lawyer will call you asap") == ("urgent", "escalation", "churn")


@pytest.mark.parametrize("data", [{}, {"flag": [{"id": "a", "label": "A"}]}, {"flag": [{"id": "a", "cues": ["b"]}]}])
def test_broken_flags_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(InvalidCues):
        Flags(data)
