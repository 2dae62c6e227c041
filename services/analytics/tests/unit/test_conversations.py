import pandas as pd
import pytest

from millrace.analytics.domain.conversations import reasons_of, shift

DAY = pd.Timestamp("2024-05-01", tz="UTC")


def units(*rows):
    """Rows of conversation, turn, hour (or None), reason, its confidence, sentiment."""
    frame = pd.DataFrame(
        [
            {
                "unit_id": f"u{i:03d}", "conv_id": conversation, "turn_id": f"{conversation}/{turn}",
                "created_at": None if hour is None else DAY + pd.Timedelta(hours=hour), "reason": reason,
                "reason_confidence": sure, "sentiment": tone,
            }
            for i, (conversation, turn, hour, reason, sure, tone) in enumerate(rows)
        ]
    )  # fmt: skip
    return frame.assign(created_at=pd.to_datetime(frame["created_at"], utc=True))


def test_a_conversation_is_about_what_its_first_turn_came_with():
    # given a greeting, then a refund, then many words about the app
    found = reasons_of(
        units(
            ("c", "b", 2, "refund", 0.4, 0.0),
            ("c", "a", 1, "", 0.0, 0.0),
            *[("c", "d", 3, "app", 0.9, 0.0)] * 3,
        )
    )

    assert found.to_dict() == {"c": "refund"}


def test_within_a_turn_the_majority_decides_then_the_surest():
    found = reasons_of(
        units(
            *[("most", "a", 1, "app", 0.3, 0.0)] * 2,
            ("most", "a", 1, "refund", 0.9, 0.0),
            ("even", "a", 1, "app", 0.3, 0.0),
            ("even", "a", 1, "refund", 0.9, 0.0),
            ("none", "a", 1, "", 0.0, 0.0),
            ("old", "a", 1, None, None, 0.0),
        )
    )

    assert found.to_dict() == {"even": "refund", "most": "app"}


@pytest.mark.parametrize("hours", [(None, None, None), (1, 1, 1), (2, None, 1)])
def test_without_an_order_the_whole_conversation_decides(hours):
    found = reasons_of(
        units(
            ("c", "a", hours[0], "refund", 0.9, 0.0),
            ("c", "b", hours[1], "app", 0.2, 0.0),
            ("c", "d", hours[2], "app", 0.2, 0.0),
        )
    )

    assert found.to_dict() == {"c": "app"}


def course(conversation, first, last, hour=1):
    return [
        (conversation, "last", hour + 2, "", 0.0, last),
        (conversation, "first", hour, "", 0.0, first - 0.2),
        (conversation, "first", hour, "", 0.0, first + 0.2),
        (conversation, "middle", hour + 1, "", 0.0, -0.9),
    ]


def test_shift_from_the_first_turn_to_the_last():
    rows = [row for i in range(20) for row in course(f"c{i}", -0.5, 0.3 if i % 2 else -0.1)]

    found, note = shift(units(*rows))

    # then: ten times 0.8 and ten times 0.4, so a standard error of 0.2 / √20
    assert (found.value, found.n, found.method, note) == (pytest.approx(0.6), 20, "bootstrap", "")
    assert (found.low, found.high) == pytest.approx((0.6 - 0.0877, 0.6 + 0.0877), abs=0.02)


def test_equal_shifts_keep_a_width():
    found, _ = shift(units(*[row for i in range(20) for row in course(f"c{i}", -0.5, 0.5)]))

    assert found.value == 1.0
    assert found.low < 0.9 < 1.1 < found.high


def test_few_or_unordered_courses_have_no_shift():
    few = [row for i in range(19) for row in course(f"c{i}", -0.5, 0.5)]
    untimed = [(name, turn, None, "", 0.0, tone) for name, turn, _, _, _, tone in course("x", -0.5, 0.5)]

    assert shift(units(*few, *untimed)) == (
        None, "the change of tone needs 20 conversations of two customer turns, there are 19",
    )  # fmt: skip
    assert shift(units(("c", "a", 1, "", 0.0, 0.5))) == (None, "")
    assert shift(units(("c", "a", 1, "", 0.0, None))) == (None, "")
