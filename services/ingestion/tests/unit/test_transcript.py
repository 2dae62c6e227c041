"""Text with speakers and without."""

from datetime import datetime

import pytest

from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options, Parsed
from millrace.ingestion.domain.prose import pieces


def text(content: str, media_type: str = "text/plain", name: str = "call.txt") -> Parsed:
    return parse(content.encode(), media_type, name)


def turns(parsed: Parsed) -> list[tuple[str, str]]:
    return [(record.author_role, record.text) for record in parsed.records]


def times(parsed: Parsed) -> list[str]:
    return [record.created_at.strftime("%m-%d %H:%M:%S") if record.created_at else "" for record in parsed.records]


def test_a_transcript_becomes_turns_of_one_conversation() -> None:
    # given
    parsed = text(
        "Call ID: 881\nDate: 2024-01-05 10:32\n\nAgent Ann: Good morning.\nHow can I help?\n\n"
        "Mr Birk: My parcel: it is late.\nAnd http://x.example says nothing.\nAgent Ann:\nSorry.\nMr Birk:\n"
    )
    # then: lines that nobody begins belong to who spoke last
    assert turns(parsed) == [
        ("agent", "Good morning. How can I help?"),
        ("customer", "My parcel: it is late. And http://x.example says nothing."), ("agent", "Sorry."),
    ]  # fmt: skip
    assert {record.thread_ref for record in parsed.records} == {"881"}
    assert times(parsed) == ["01-05 10:32:00"] * 3
    assert [(fault.row, fault.reason) for fault in parsed.set_aside] == [(4, "a speaker who says nothing")]
    assert parsed.mapping is not None and parsed.mapping.fields["author_role"] == "speaker"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Agent: hello", "Customer: it is late"), ("[00:00:01] Agent: hello", "[00:00:09] Customer: it is late"),
        ("(10:32:11 AM) Agent: hello", "(10:33:01 AM) Visitor: it is late"),
        ("00:01 - Agent: hello", "00:09 - Caller: it is late"),
        ("Agent (10:32): hello", "Customer (10:33): it is late"), ("Ann (Support): hello", "Bo: it is late"),
        ("2024-01-05 10:32:11 Agent: hello", "2024-01-05 10:33:11 Customer: it is late"),
        ("SUPPORT: hello", "CUSTOMER: it is late"),
        ("Mitarbeiterin: hello", "Kunde: it is late"), ("Conseiller : hello", "Client : it is late"),
        ("Q: hello", "A: it is late"),
    ],
)  # fmt: skip
def test_speakers_are_told_in_the_forms_that_transcripts_have(first: str, second: str) -> None:
    assert turns(text(f"{first}\n{second}\n")) == [("agent", "hello"), ("customer", "it is late")]


def test_names_above_what_was_said() -> None:
    said = [
        ("Ann Ash", "Thank you for calling."),
        ("Bo Birk", "It is late."),
        ("Ann Ash", "Sorry."),
        ("Bo Birk", "Bye."),
    ]
    content = "\n\n".join(f"{name}  {minute}:05\n{words}" for minute, (name, words) in enumerate(said))
    assert turns(text(content)) == [
        ("agent", "Thank you for calling."), ("customer", "It is late."), ("agent", "Sorry."), ("customer", "Bye."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("began", "stamps", "expected"),
    [
        ("2024-01-05 10:30", ["00:00:05", "00:01:10"], ["01-05 10:30:05", "01-05 10:31:10"]),
        ("2024-01-05", ["10:32", "10:33"], ["01-05 10:32:00", "01-05 10:33:00"]),
        ("2024-01-05 10:30", ["0:05", "1:10"], ["01-05 10:30:05", "01-05 10:31:10"]),
        ("2024-01-05", ["1:05 PM", "1:06 PM"], ["01-05 13:05:00", "01-05 13:06:00"]),
        ("", ["10:32:00", "10:33:00"], ["", ""]),
        ("", ["13/01/24, 10:32:00", "13/01/24, 10:33:00"], ["01-13 10:32:00", "01-13 10:33:00"]),
    ],
)
def test_times_count_from_the_beginning_or_are_those_of_the_clock(
    began: str, stamps: list[str], expected: list[str]
) -> None:
    head = f"Chat started: {began}\n" if began else ""
    parsed = text(f"{head}[{stamps[0]}] Agent: hello\n[{stamps[1]}] Customer: late\n")
    assert times(parsed) == expected
    assert ("times of day without a date were not read" in parsed.notes) == (expected == ["", ""])


def test_conversations_are_parted_by_rules_and_heads() -> None:
    parsed = text(
        "Ticket: 7\nAgent: hello\nCustomer: late\nTicket: 8\nAgent: hi\nCustomer: bad\n-----\nCustomer: once more\n"
    )
    assert [record.thread_ref for record in parsed.records] == ["7", "7", "8", "8", "conversation 3"]


def test_speakers_of_unknown_sides_are_customers_and_that_is_said() -> None:
    parsed = text("Ann: hi\nBo: hello\nAnn: nice place\nBo: yes\n")
    assert {record.author_role for record in parsed.records} == {"customer"}
    assert parsed.notes == ("conversations whose speakers have no known role, all read as customers: 1",)


@pytest.mark.parametrize(
    "content",
    ["Pros: fast\nCons: dear\nPros: nice\nCons: slow\n",
     "Title: good\nText: nice coat\nRating: 5\nTitle: bad\nText: no\n",
     "Note: it was late.\nIt was good otherwise.\n"],
)  # fmt: skip
def test_labels_are_no_speakers(content: str) -> None:
    assert {record.thread_ref for record in text(content).records} == {""}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("It was good.\nReally so.\n\nIt was bad.\n", ["It was good. Really so.", "It was bad."]),
        ("Nice, warm\nToo small\nLate\n", ["Nice, warm", "Too small", "Late"]),
        ("Dear team,\n\nit was late.\n\nRegards", ["Dear team,\n\nit was late.\n\nRegards"]),
        ("Sehr geehrte Damen und Herren,\nmein Paket fehlt.", ["Sehr geehrte Damen und Herren,\nmein Paket fehlt."]),
        ("a long line of words that goes on and on until it is wrapped at\nthe end of the line, as mail programs do",
         ["a long line of words that goes on and on until it is wrapped at the end of the line, as mail programs do"]),
        ("One comment only", ["One comment only"]),
    ],
)  # fmt: skip
def test_text_without_speakers_is_cut_as_its_author_would(content: str, expected: list[str]) -> None:
    parsed = text(content)
    assert [record.text for record in parsed.records] == expected
    assert parsed.notes != ()


def test_a_table_under_a_texts_name_is_a_table() -> None:
    assert turns(text("review;stars\nnice;5\nbad;1\n")) == [("customer", "nice"), ("customer", "bad")]
    assert text("[]").records == ()


def test_long_texts_are_cut_at_a_sentence() -> None:
    long = "This is a sentence. " * 2_000
    parsed = text(long)
    assert [len(record.text) <= 20_000 for record in parsed.records] == [True] * 2
    assert all(record.text.endswith("sentence.") for record in parsed.records)
    assert list(pieces("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]


def test_the_time_is_in_utc() -> None:
    moment = text("2024-01-05 10:32:11 Agent: a\n2024-01-05 10:33:11 Customer: b\n").records[0].created_at
    assert moment is not None and moment.utcoffset() == datetime.resolution * 0


def test_a_scale_for_text_is_refused_rather_than_ignored() -> None:
    with pytest.raises(Exception, match="mapping_without_columns"):
        parse(b"Agent: a\nCustomer: b\n", options=Options(scale="nps"))
