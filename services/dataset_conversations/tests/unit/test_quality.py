from datetime import UTC, datetime
from typing import Any

import pytest

from millrace.contracts import tables
from millrace.contracts.insights import Check
from millrace.dataset_conversations.domain.build import Dataset
from millrace.dataset_conversations.domain.quality import Origin, Tables, checks, manifest
from millrace.dataset_conversations.domain.rows import Conversation, Cut, Turn, unit_columns
from millrace.worker.tables import table_from, table_of

NINE, TEN = (datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in (9, 10))


def turn(turn_id: str, **other: Any) -> Turn:
    values = {
        "conv_id": "c", "record_id": turn_id, "n": 0, "role": "customer", "created_at": NINE, "text": "text",
        "lang": "en", "lang_prob": 0.9, "dup_of": "", "masked": 0,
    }  # fmt: skip
    return Turn(turn_id=turn_id, **{**values, **other})


def dataset(*turns: Turn, looked_at: int | None = None, conversations: tuple[Conversation, ...] = ()) -> Dataset:
    return Dataset(
        conversations=list(conversations), cuts=[Cut(each, [(0, len(each.text))], ["h"]) for each in turns],
        replaced={"email": 1}, looked_at=len(turns) if looked_at is None else looked_at,
    )  # fmt: skip


def written(given: Dataset) -> Tables:
    return Tables(
        conversations=table_of(given.conversations, tables.CONVERSATIONS),
        turns=table_of(given.turns, tables.TURNS),
        units=table_from(unit_columns(given.cuts), tables.UNITS),
    )


def failed(given: Dataset, records: int | None = None) -> dict[str, str]:
    found = checks(given, written(given), given.looked_at if records is None else records)
    return {check.name: check.detail for check in found if not check.passed}


def test_a_sound_dataset_passes() -> None:
    # Given a dataset in order / When it is checked / Then nothing fails
    sound = Conversation("c", "", NINE, TEN, 2, ("en",), "")
    texts = ("mail [EMAIL_1]", "size 34 36 38, order 2125551234, a 24 Hour Street Food")
    given = dataset(turn("a", text=texts[0]), turn("b", n=1, created_at=TEN, text=texts[1]), conversations=(sound,))
    assert failed(given) == {}


@pytest.mark.parametrize(
    "text",
    [
        "jo@example.com",
        "+44 20 7946 0958",
        "(415) 555-2671",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "BE68 5390 0754 7034",
        "at 12 Maple Street.",
    ],
)
def test_what_was_left_unmasked_is_found_and_not_quoted(text: str) -> None:
    # Given turns of which one still holds a value / When they are checked / Then the check fails and names no value
    given = dataset(turn("a"), turn("b", text=f"write to {text}"))
    assert failed(given) == {"nothing_personal_left": "text: 1 turns with a personal pattern"}


def test_repeated_ids_and_disorder_are_found() -> None:
    # Given a turn twice, the later one first / When it is checked / Then three checks fail and say how often
    given = dataset(turn("a", created_at=TEN), turn("a", n=1, created_at=NINE))
    assert failed(given) == {
        "turn_ids_unique": "turn_id: 1 repeated ids",
        "times_ordered": "created_at: 1 turns before their predecessor",
        "unit_ids_unique": "unit_id: 1 repeated ids",
    }


def test_turns_of_different_conversations_need_no_order() -> None:
    # Given two conversations, the later one first, and a turn without a time between / When checked / Then all is well
    given = dataset(turn("a", created_at=TEN), turn("b", created_at=None), turn("c", conv_id="d", created_at=NINE))
    assert failed(given) == {}


def test_nulls_ranges_and_empty_texts_are_found() -> None:
    # Given an impossible probability, a negative count, an empty text, and a conversation that ends early
    given = dataset(
        turn("a", conv_id="x", lang_prob=1.5, masked=-1), turn("b", text=""),
        conversations=(Conversation("x", "", TEN, NINE, 1, (), ""), Conversation("x", "", None, None, 1, (), "")),
    )  # fmt: skip

    # When they are checked / Then each is told by its column
    assert failed(given) == {
        "conversation_ids_unique": "conv_id: 1 repeated ids",
        "closed_after_opened": "closed_at: 1 conversations that end before they begin",
        "texts_filled": "text: 1 empty texts",
        "language_probabilities": "lang_prob: 1 probabilities beyond 0 to 1",
        "masked_counts": "masked: 1 counts below 0",
        "units_filled": "text: 1 empty units",
        "offsets_ordered": "end: 1 units that end before they begin",
    }


def test_a_column_that_must_not_be_null_is_named() -> None:
    # Given a turn without a count / When it is checked / Then the schema's own check fails
    assert failed(dataset(turn("a", masked=None), turn("b")))["turns_schema"] == "masked: not_nullable"


def test_too_much_that_cannot_be_read_is_found() -> None:
    # Given two turns without a time, one in no known language, out of three records
    given = dataset(turn("a", created_at=None), turn("b", created_at=None, lang="und"), looked_at=3)

    # When they are checked / Then all shares are too high
    assert failed(given) == {
        "times_given": "created_at: 100.0% without a time, at most 50%",
        "unknown_language": "lang: 50.0% in an unknown language, at most 20%",
        "empty_texts": "33.3%, at most 20%",
    }


def test_what_was_not_looked_at_is_said_with_its_reason() -> None:
    # Given two records out of ten / When they are checked / Then the check says how many are missing and why
    detail = failed(dataset(turn("a"), turn("b")), records=10)["all_looked_at"]
    assert detail == "8 of 10 records left out: the stage's time ran short; the others are a random sample"


def test_counts_and_shares() -> None:
    # Given four turns of five records
    given = dataset(turn("a"), turn("b"), turn("c", dup_of="a"), turn("d", lang="de"), looked_at=5)
    origin = Origin(generator="dataset.conversations.build", code_version=1, input_sha256="0" * 64, records=5)

    # When the manifest is made
    found = manifest(origin, given, written(given))

    # Then its counts and shares are those
    assert found.tables == {"conversations": 0, "turns": 4, "units": 4}
    assert (found.facts["records"], found.facts["duplicates"], found.facts["masked_email"]) == (5, 1, 1)
    assert found.shares == {"empty": 0.2, "duplicates": 0.25, "lang_und": 0.0, "lang_en": 0.75, "lang_de": 0.25}


def test_an_empty_dataset_passes_every_check() -> None:
    # Given nothing / When it is checked / Then nothing fails, and every check is there
    given = dataset()
    found = checks(given, written(given), 0)
    assert all(check.passed for check in found)
    assert Check(name="unknown_language", passed=True, detail="lang: 0.0% in an unknown language, at most 20%") in found
