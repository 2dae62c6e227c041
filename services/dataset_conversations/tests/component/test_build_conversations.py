from typing import Any

import pytest

from millrace.contracts import catalogue, tables
from millrace.contracts.insights import Manifest
from millrace.contracts.outcome import Coverage
from millrace.contracts.records import Record
from millrace.dataset_conversations.tasks import build_conversations
from millrace.testing.parts import Bench
from millrace.worker.errors import BadInput
from millrace.worker.part import Part, Result
from millrace.worker.tables import read_table

RECORDS = [
    Record(record_id="r1", thread_ref="T-1", text="The zip broke after two days. Write to jo@example.com!"),
    Record(record_id="r2", thread_ref="T-1", text="We are sorry to hear that, jo@example.com.", author_role="agent"),
    Record(record_id="r3", text="Das Kleid ist leider viel zu klein ausgefallen."),
    Record.model_validate({"record_id": "r4", "rating": {"scale": "stars5", "value": 2}}),
]


def run(records: list[Record], bench: Bench | None = None, **params: float) -> tuple[Result, Part]:
    bench = bench or Bench()
    allowance_s = params.pop("allowance_s", 60)
    part = bench.part(catalogue.CONVERSATIONS, {"batch": (bench.put_batch(records),)}, allowance_s, **params)
    return bench.run(build_conversations, part), part


def rows(part: Part, name: str, schema: tables.Table) -> list[dict[str, Any]]:
    return [row for ref in part.artifacts[name] for row in read_table(part, ref, schema).to_pylist()]


def test_a_batch_becomes_conversations_turns_and_units() -> None:
    # Given two threads and a rating without words / When the part runs
    result, part = run(RECORDS)

    # Then the tables hold them, masked and with their languages
    assert [row["turns"] for row in rows(part, "conversations", tables.CONVERSATIONS)] == [2, 1, 0]
    turns = rows(part, "turns", tables.TURNS)
    assert [(row["record_id"], row["lang"]) for row in turns] == [("r1", "en"), ("r2", "en"), ("r3", "de")]
    assert turns[1]["text"] == "We are sorry to hear that, [EMAIL_1]."
    units = {row["unit_id"]: row for row in rows(part, "units", tables.UNITS)}
    assert units["r1#1"]["text"] == "Write to [EMAIL_1]!"
    assert result.coverage == Coverage(seen=3, total=4)
    assert result.facts["units"] == 4


def test_the_manifest_names_its_input_and_what_was_masked() -> None:
    # Given the same batch / When the part runs
    _, part = run(RECORDS)

    # Then the manifest says from what it was made, and tells the failed check instead of raising
    manifest = part.read_model(part.artifacts["quality"][0], Manifest)
    assert manifest.input_sha256 == part.message.inputs["batch"][0].sha256
    assert (manifest.facts["masked_email"], manifest.tables["units"]) == (2, 4)
    assert [check.name for check in manifest.checks if not check.passed] == ["times_given", "empty_texts"]


def test_units_are_cut_into_chunks() -> None:
    # Given twenty records of two sentences
    records = [Record(record_id=f"r{n}", text="The zip broke. I am sad.") for n in range(20)]

    # When at most four chunks of at least ten are asked for
    _, part = run(records, max_chunks=4, min_chunk_rows=10)

    # Then there are four of ten
    assert [ref.rows for ref in part.artifacts["units"]] == [10, 10, 10, 10]


def test_a_batch_without_text_still_has_a_chunk() -> None:
    # Given ratings only / When the part runs / Then the next stage gets an empty chunk, not nothing
    _, part = run(RECORDS[3:])
    assert [ref.rows for ref in part.artifacts["units"]] == [0]


def test_the_same_batch_gives_the_same_bytes() -> None:
    # Given one batch / When it is built twice in different runs / Then every artifact has the same digest
    digests = [
        {name: [ref.sha256 for ref in refs] for name, refs in run(RECORDS)[1].artifacts.items()} for _ in range(2)
    ]
    assert digests[0] == digests[1]


def test_a_line_that_is_no_record_is_refused_without_quoting_it() -> None:
    # Given a batch whose second line is broken
    bench = Bench()
    data = RECORDS[0].model_dump_json().encode() + b'\n{"text": "jo@example.com"}\n'
    part = bench.part(catalogue.CONVERSATIONS, {"batch": (bench.put("batch", data, "batch/1"),)})

    # When the part runs / Then it says which line, and nothing of what stands there
    with pytest.raises(BadInput, match="line 2 of the batch is not a record") as caught:
        bench.run(build_conversations, part)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_part_without_time_reads_a_sample_and_says_so() -> None:
    # Given 1,000 records and a part whose share of the stage is used up
    records = [Record(record_id=f"r{n}", text=f"The zip of number {n} broke. I am sad.") for n in range(1_000)]

    # When it runs
    result, part = run(records, allowance_s=0.001)

    # Then it still gives a dataset of some, and names what is missing
    assert result.coverage is not None
    assert 0 < result.coverage.seen < 1_000 == result.coverage.total
    assert result.facts["left_out"] == 1_000 - result.coverage.seen
    manifest = part.read_model(part.artifacts["quality"][0], Manifest)
    assert manifest.facts["left_out"] == result.facts["left_out"]
    assert "all_looked_at" in result.facts["failed_checks"]


@pytest.mark.parametrize(
    ("records", "units"),
    [
        ([], []),
        ([Record(record_id="r", text="Fine.")], ["Fine."]),
        ([Record(record_id=str(n), text=text) for n, text in enumerate(("😀", "👎👎", "❤️"))], ["😀", "👎👎", "❤️"]),
        ([Record(record_id="r", text="> Hello jo@example.com\n> again")], ["Hello [EMAIL_1]", "again"]),
        ([Record(record_id="r", text="On Mon, 1 Jan 2024, Jo wrote:\n> only this")], None),
    ],
    ids=("none", "one", "emoji", "quoted", "mail"),
)
def test_batches_with_little_in_them(records: list[Record], units: list[str] | None) -> None:
    # Given such a batch / When the part runs
    result, part = run(records)

    # Then there is a dataset of it, and the coverage is that of its texts
    found = [row["text"] for row in rows(part, "units", tables.UNITS)]
    assert units is None or found == units
    assert result.coverage == Coverage(seen=len(records), total=len(records))


def test_long_texts_are_cut_and_masked_to_their_end() -> None:
    # Given ten texts of 10,000 characters with an address at the end of each
    records = [
        Record(record_id=f"r{n}", text="The zip broke, again. " * 452 + "Write to jo@example.com!") for n in range(10)
    ]

    # When the part runs / Then every sentence is there, and the offsets are those of the masked texts
    _, part = run(records)
    turns = {row["turn_id"]: str(row["text"]) for row in rows(part, "turns", tables.TURNS)}
    units = rows(part, "units", tables.UNITS)
    assert len(units) == 10 * 453
    assert all(turns[row["turn_id"]][row["start"] : row["end"]] == row["text"] for row in units)
    assert {text[-len("Write to [EMAIL_1]!") :] for text in turns.values()} == {"Write to [EMAIL_1]!"}


def test_one_thread_with_five_thousand_turns_and_names() -> None:
    # Given a thread in which everybody signs
    records = [
        Record(
            record_id=f"r{n}",
            thread_ref="T",
            text=f"The zip broke.\nThanks,\nAnna{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}",
        )
        for n in range(5_000)
    ]

    # When the part runs / Then it is one conversation, without a name
    result, part = run(records)
    assert [row["turns"] for row in rows(part, "conversations", tables.CONVERSATIONS)] == [5_000]
    assert not any("Anna" in str(row["text"]) for row in rows(part, "turns", tables.TURNS))
    print(f"5,000 turns in one thread: {result.facts}")
