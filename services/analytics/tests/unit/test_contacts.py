import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.analytics.domain.contacts import count_contacts

DAY = pd.Timestamp("2024-05-01", tz="UTC")


def unit(number, record="", conversation="", reason="", flags=(), entities=(), **more):
    record = record or f"r{number:03d}"
    return {
        "unit_id": f"u{number:03d}", "turn_id": record, "record_id": record, "n": 0, "dup_of": "", "role": "customer",
        "text": f"Sentence {number} of a text that is long enough to be read.", "created_at": DAY, "sentiment": 0.0,
        "themes": [], "conv_id": conversation or record, "reason": reason, "reason_confidence": number / 1000,
        "flags": list(flags), "entities": [{"kind": kind, "value": value} for kind, value in entities],
        **more,
    }  # fmt: skip


def found_in(*units):
    return count_contacts(pd.DataFrame(list(units)))


def test_reasons_are_shares_of_conversations():
    # given three conversations, of which one speaks twice of its refund, and one of nothing that is known
    found = found_in(
        unit(1, conversation="a", reason="refund_request", sentiment=-0.6),
        unit(2, "r001", conversation="a", reason="refund_request", sentiment=-0.6),
        unit(3, conversation="b", reason="refund_request", sentiment=0.6),
        unit(4, conversation="c"),
    )

    (reason,) = found.reasons
    assert (found.conversations, reason.id, reason.label, reason.conversations) == (
        3, "refund_request", "Refund request", 2,
    )  # fmt: skip
    assert (reason.share.value, reason.share.n, found.unknown.value) == (0.666667, 3, 0.333333)
    assert (reason.sentiment.value, reason.sentiment.n) == (-0.333333, 3)
    # then the surest unit of each record is quoted
    assert [quote.unit_id for quote in reason.quotes] == ["u003", "u002"]


def test_agents_and_duplicates_do_not_count():
    found = found_in(
        unit(1, reason="refund"), unit(2, reason="app", role="agent"), unit(3, reason="app", role="bot"),
        unit(4, reason="app", dup_of="r001", flags=["churn"]),
    )  # fmt: skip

    assert (found.conversations, [each.id for each in found.reasons], found.flags) == (1, ["refund"], ())


def test_unknown_reasons_and_unread_languages_are_said():
    found = found_in(unit(1), unit(2, sentiment=None), unit(3, sentiment=None))

    assert (found.reasons, found.unknown.value, found.unknown.n) == ((), 1.0, 3)
    assert found.note == "2 of 3 conversations hold nothing that could be read"


def test_flags_count_records():
    found = found_in(
        unit(1, "a", flags=["churn", "urgent"], sentiment=-0.2), unit(2, "a", flags=["churn"], sentiment=-0.9),
        unit(3, "b", flags=["churn"], sentiment=None), unit(4, "c"),
    )  # fmt: skip

    churn, urgent = found.flags
    assert (churn.id, churn.label, churn.records, churn.share.value) == ("churn", "May leave", 2, 0.666667)
    assert [(quote.unit_id, quote.sentiment) for quote in churn.quotes] == [("u002", -0.9), ("u003", None)]
    assert (urgent.records, urgent.share.n) == (1, 3)


def test_entities_are_counted_by_record_whatever_their_case():
    named = [("version", "App  4.2")], [("version", "app 4.2"), ("order", "A-1")], [("version", "app 4.2")]
    units = [unit(i, f"r{i % 2}", entities=own, sentiment=-0.5) for i, own in enumerate(named)]
    rest = [unit(i) for i in range(10, 30)]

    (version,) = found_in(*units, *rest).entities
    tiny = found_in(*units).entities

    assert (version.kind, version.value, version.records, version.sentiment) == ("version", "app 4.2", 2, -0.5)
    assert version.evidence == ("r0", "r1")
    assert [(each.kind, each.records) for each in tiny] == [("version", 2), ("order", 1)]


def test_no_text_and_one_text():
    one = found_in(unit(1, reason="refund"))

    assert found_in(unit(1, role="agent")).note == "no customer's text was looked at"
    assert count_contacts(pd.DataFrame([unit(1)]).iloc[:0]).conversations == 0
    assert (one.reasons[0].share.value, one.reasons[0].share.low < 0.3, one.shift) == (1.0, True, None)


def test_annotations_of_an_earlier_release_have_no_reasons():
    old = dict.fromkeys(("conv_id", "reason", "reason_confidence", "flags", "entities"))

    found = found_in(unit(1) | old, unit(2) | old)

    assert (found.conversations, found.reasons, found.unknown, found.flags, found.entities) == (2, (), None, (), ())
    assert found.note == "no contact reasons were looked for"


@pytest.mark.parametrize("text", ["short", "x" * 241])
def test_what_is_too_short_or_long_to_read_is_not_quoted(text):
    assert found_in(unit(1, reason="refund", text=text)).reasons[0].quotes == ()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.builds(
            unit, st.integers(0, 999), st.sampled_from("abcdef"), st.sampled_from("xyz"),
            st.sampled_from(["", "refund", "app"]), st.lists(st.sampled_from(["churn", "urgent"]), max_size=2),
            sentiment=st.none() | st.floats(-1, 1), role=st.sampled_from(["customer", "agent"]),
        ),
        min_size=1, max_size=25, unique_by=lambda row: row["unit_id"],
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_shares_add_up_and_the_order_of_units_does_not_matter(rows, random):
    found = found_in(*rows)
    shuffled = random.sample(rows, len(rows))

    assert found_in(*shuffled) == found
    for number in [each.share for each in (*found.reasons, *found.flags)]:
        assert 0 <= number.low <= number.value <= number.high <= 1
    if found.unknown:
        assert sum(each.share.value for each in found.reasons) + found.unknown.value == pytest.approx(1, abs=1e-5)
