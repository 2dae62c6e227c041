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


def run(records: list[Record], bench: Bench | None = None, **params: int) -> tuple[Result, Part]:
    bench = bench or Bench()
    part = bench.part(catalogue.CONVERSATIONS, {"batch": (bench.put_batch(records),)}, **params)
    return bench.run(build_conversations, part), part


def rows(part: Part, name: str, schema: tables.Table) -> list[dict[str, object]]:
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
    assert [check.name for check in manifest.checks if not check.passed] == ["empty_texts"]


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
