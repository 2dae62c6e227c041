from datetime import UTC, datetime

from millrace.contracts.records import Record
from millrace.dataset_conversations.domain.build import Dataset, build
from millrace.dataset_conversations.domain.rows import unit_columns


class English:
    """Takes every text for English."""

    def classify(self, text: str) -> tuple[str, float]:
        return "en", 0.9

    def rank(self, text: str) -> list[tuple[str, float]]:
        return [("en", 0.9)]


def units(dataset: Dataset, *names: str) -> list[tuple[object, ...]]:
    columns = unit_columns(dataset.cuts)
    return list(zip(*(columns[name] for name in names), strict=True))


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
    assert units(dataset, "unit_id", "start", "end", "text") == [
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
    assert units(dataset, "dup_of") == [("",), ("",), ("a",)]


def test_a_record_without_text_is_a_conversation_without_turns() -> None:
    # Given ratings only
    records = [Record.model_validate({"record_id": name, "rating": {"scale": "nps", "value": 9}}) for name in "ab"]

    # When the batch is built
    dataset = build(records, English())

    # Then the conversations are there, empty, and no duplicates of each other
    assert [(each.turns, each.langs, each.dup_of) for each in dataset.conversations] == [(0, (), "")] * 2
    assert dataset.cuts == []


def test_a_batch_that_there_is_no_time_for_is_read_in_part() -> None:
    # Given 300 threads of two turns, and time for two looks at the clock
    records = [Record(record_id=f"{n}-{m}", text=f"text {n}", thread_ref=str(n)) for m in range(2) for n in range(300)]
    looks = iter([True, True])

    # When the batch is built
    dataset = build(records, English(), keep_going=lambda: next(looks, False))

    # Then three blocks of 50 records were read, threads as a whole, from all over the batch, and in its order
    assert dataset.looked_at == len(dataset.turns) == 150
    assert {each.turns for each in dataset.conversations} == {2}
    numbers = [int(turn.turn_id.split("-")[0]) for turn in dataset.turns]
    assert numbers == sorted(numbers)
    assert 25 <= sum(1 for number in numbers[::2] if number < 150) <= 50


def test_the_first_block_is_read_whatever_the_clock_says() -> None:
    # Given no time at all / When a batch is built / Then something comes of it
    records = [Record(record_id=str(n), text="text") for n in range(200)]
    assert build(records, English(), keep_going=lambda: False).looked_at == 50


def test_the_clock_is_looked_at_sooner_where_texts_are_long() -> None:
    # Given texts of a few pages and no time at all / When they are built / Then four were read, not fifty
    records = [Record(record_id=str(n), text="text " * 2_000) for n in range(200)]
    assert build(records, English(), keep_going=lambda: False).looked_at == 4


def test_a_thread_too_long_to_be_read_whole_is_read_from_its_beginning() -> None:
    # Given one thread of 5,000 turns and time for two looks at the clock
    records = [Record(record_id=f"{n:04}", text=f"text {n}", thread_ref="T", created_at=at(1)) for n in range(5_000)]
    looks = iter([True, True])

    # When it is built / Then its first 300 turns are there
    dataset = build(records, English(), keep_going=lambda: next(looks, False))
    assert [turn.turn_id for turn in dataset.turns] == [f"{n:04}" for n in range(300)]
    assert [(each.turns, each.dup_of) for each in dataset.conversations] == [(300, "")]


def test_who_wrote_is_told_in_one_of_three_words() -> None:
    # Given roles as producers send them, a person's name among them
    roles = ["", "End-User", "Support", "BOT", "Anna Kowalski", "jo@example.com"]
    records = [Record(record_id=str(n), text="text", author_role=role) for n, role in enumerate(roles)]

    # When they are built / Then the name goes no further
    turns = build(records, English()).turns
    assert [turn.role for turn in turns] == ["customer", "customer", "agent", "agent", "other", "other"]


def test_names_in_fields_about_people_are_masked_in_the_text() -> None:
    # Given a name in an attribute, one as author and one as customer
    record = Record(
        record_id="r", text="Anna was rude to Ben. Carla Diaz wants her money, order 7 of Ann Arbor.",
        author_role="Ben", customer_ref="Carla Diaz", attrs={"Agent Name": "Anna Novak", "City": "Ann Arbor"},
    )  # fmt: skip

    # When it is built / Then those three are gone, and the city stays
    (turn,) = build([record], English()).turns
    assert turn.text == "[NAME_1] was rude to [NAME_2]. [NAME_3] wants her money, order 7 of Ann Arbor."


def test_a_channel_that_is_an_address_is_masked() -> None:
    # Given a mailbox as channel / When it is built / Then its address does not get out
    (each,) = build([Record(record_id="r", text="text", channel="jo@example.com")], English()).conversations
    assert each.channel == "[EMAIL_1]"
