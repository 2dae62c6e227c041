from dataclasses import replace
from datetime import UTC, datetime

from millrace.dataset_conversations.domain.build import Dataset
from millrace.dataset_conversations.domain.quality import checks, facts, manifest, shares
from millrace.dataset_conversations.domain.rows import Turn, Unit

NINE, TEN = (datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in (9, 10))


def turn(turn_id: str, *, n: int = 0, at: datetime | None = None, lang: str = "en", dup_of: str = "") -> Turn:
    return Turn(turn_id, "c", turn_id, n, "customer", at, "text", lang, 0.9, dup_of, 0)


def unit(unit_id: str, text: str) -> Unit:
    return Unit(unit_id, "t", "c", "t", 0, 0, len(text), text, "h", "en", "customer", None, "")


GOOD = Dataset(
    conversations=[],
    turns=[turn("a", at=NINE), turn("b", n=1, at=TEN)],
    units=[unit("a#0", "mail [EMAIL_1]"), unit("b#0", "size 34 36 38, order 2125551234")],
    replaced={"email": 1},
)


def failed(dataset: Dataset, records: int = 2) -> list[str]:
    return [check.name for check in checks(dataset, records) if not check.passed]


def test_a_sound_dataset_passes() -> None:
    # Given a dataset in order / When it is checked / Then nothing fails
    assert failed(GOOD) == []


def test_what_was_left_unmasked_is_found() -> None:
    # Given units that still hold an address, a number, a card
    for text in ("jo@example.com", "+44 20 7946 0958", "(415) 555-2671", "4111 1111 1111 1111"):
        # When they are checked / Then the check fails
        assert failed(replace(GOOD, units=[unit("a#0", text)])) == ["nothing_personal_left"]


def test_repeated_ids_and_disorder_are_found() -> None:
    # Given a turn twice, the later one first
    given = replace(GOOD, turns=[turn("a", at=TEN), turn("a", n=1, at=NINE)])

    # When it is checked / Then both checks fail
    assert failed(given) == ["turn_ids_unique", "times_ordered"]


def test_too_much_that_cannot_be_read_is_found() -> None:
    # Given two turns of which one is in no known language, out of three records
    given = replace(GOOD, turns=[turn("a"), turn("b", lang="und")])

    # When it is checked / Then half unknown and a third empty are too much
    assert failed(given, records=3) == ["unknown_language", "empty_texts"]


def test_counts_and_shares() -> None:
    # Given four turns of five records
    given = replace(GOOD, turns=[turn("a"), turn("b"), turn("c", dup_of="a"), turn("d", lang="de")])

    # When the manifest is made
    found = manifest(given, 5, "dataset.conversations.build", 1, "0" * 64)

    # Then its counts and shares are those
    assert found.tables == {"conversations": 0, "turns": 4, "units": 2}
    assert (found.facts["records"], found.facts["duplicates"], found.facts["masked_email"]) == (5, 1, 1)
    assert found.shares == {"empty": 0.2, "duplicates": 0.25, "lang_und": 0.0, "lang_en": 0.75, "lang_de": 0.25}


def test_an_empty_dataset_has_no_shares_to_divide() -> None:
    # Given nothing / When it is described / Then everything is zero
    empty = Dataset(conversations=[], turns=[], units=[], replaced={})
    assert set(facts(empty, 0).values()) == {0}
    assert set(shares(empty, 0).values()) == {0.0}
