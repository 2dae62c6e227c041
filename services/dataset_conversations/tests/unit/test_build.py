from datetime import UTC, datetime

from millrace.contracts.records import Record
from millrace.dataset_conversations.domain.build import build


class English:
    """Takes every text for English."""

    def classify(self, text: str) -> tuple[str, float]:
        return "en", 0.9

    def rank(self, text: str) -> list[tuple[str, float]]:
        return [("en", 0.9)]


def at(hour: int) -> datetime:
    return datetime(2024, 5, 1, hour, tzinfo=UTC)


def test_records_of_one_thread_become_one_conversation_in_the_order_of_time() -> None:
    # Given a thread whose answer came in before its question
    records = [
        Record(record_id="b", text="Which size?", thread_ref="T", created_at=at(10), author_role="Agent"),
        Record(record_id="a", text="It is too small.", thread_ref="T", created_at=at(9), channel="mail"),
        Record(record_id="c", text="Alone."),
    ]

    # When the batch is built
    dataset = build(records, English())

    # Then there are two conversations, and the turns are in order
    thread, alone = dataset.conversations
    assert (thread.channel, thread.opened_at, thread.closed_at, thread.turns) == ("mail", at(9), at(10), 2)
    assert (alone.conv_id, alone.opened_at, alone.turns) == ("c", None, 1)
    assert [(turn.turn_id, turn.n, turn.role) for turn in dataset.turns] == [
        ("a", 0, "customer"),
        ("b", 1, "agent"),
        ("c", 0, "customer"),
    ]
    assert dataset.turns[0].conv_id == thread.conv_id != "T"


def test_units_point_into_the_masked_text() -> None:
    # Given a record with a title and an address
    records = [Record(record_id="r", title="Too small", text="Write to jo@example.com. I returned it.")]

    # When the batch is built
    dataset = build(records, English())

    # Then the units are pieces of the masked turn
    (turn,) = dataset.turns
    assert turn.text == "Too small.\n\nWrite to [EMAIL_1]. I returned it."
    assert turn.masked == 1
    assert [(unit.unit_id, unit.start, unit.end, unit.text) for unit in dataset.units] == [
        ("r#0", 0, 10, "Too small."),
        ("r#1", 12, 31, "Write to [EMAIL_1]."),
        ("r#2", 32, 46, "I returned it."),
    ]


def test_duplicates_name_the_first_turn_and_conversation() -> None:
    # Given three records of which the last repeats the first in other letters
    texts = {"a": "Never again!", "b": "Fine.", "c": "never AGAIN"}
    records = [Record(record_id=name, text=text) for name, text in texts.items()]

    # When the batch is built
    dataset = build(records, English())

    # Then the repetition is marked everywhere
    assert [turn.dup_of for turn in dataset.turns] == ["", "", "a"]
    assert [each.dup_of for each in dataset.conversations] == ["", "", "a"]
    assert [unit.dup_of for unit in dataset.units] == ["", "", "a"]


def test_a_record_without_text_is_a_conversation_without_turns() -> None:
    # Given ratings only
    records = [Record.model_validate({"record_id": name, "rating": {"scale": "nps", "value": 9}}) for name in "ab"]

    # When the batch is built
    dataset = build(records, English())

    # Then the conversations are there, empty, and no duplicates of each other
    assert [(each.turns, each.langs, each.dup_of) for each in dataset.conversations] == [(0, (), "")] * 2
    assert dataset.turns == []
    assert dataset.units == []
