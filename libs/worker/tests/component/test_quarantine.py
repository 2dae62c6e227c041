"""A part that kills its workers is not run again, and the one record that does it is named."""

from datetime import timedelta

from millrace.contracts import tables
from millrace.contracts.base import now
from millrace.contracts.catalogue import ANNOTATE
from millrace.contracts.insights import SetAsideRecords
from millrace.contracts.messages import PartMessage, Slice
from millrace.contracts.outcome import OutcomeStatus
from millrace.testing.parts import Bench
from millrace.worker.part import Part
from millrace.worker.quarantine import quarantined
from millrace.worker.tables import read_record_ids, read_table


def chunk(bench: Bench, rows: Slice | None) -> PartMessage:
    units = [
        {
            "unit_id": f"u{n}", "turn_id": f"t{n}", "conv_id": "c", "record_id": f"r{n}", "n": n, "start": 0, "end": 1,
            "text": "x", "text_hash": "h", "lang": "en", "role": "customer", "created_at": None, "dup_of": "",
        }
        for n in range(10)
    ]  # fmt: skip
    ref = bench.put_table("units", units, tables.UNITS)
    message = bench.part(ANNOTATE, {"units": (ref,)}).message
    return message.model_copy(update={"mapped": "units", "slice": rows})


def test_a_part_of_many_rows_asks_to_be_divided_at_once() -> None:
    # given
    bench = Bench()
    # when
    outcome = quarantined(ANNOTATE, bench.store, chunk(bench, None), times=4)
    # then
    assert (outcome.status, outcome.urgent) == (OutcomeStatus.FAILED, True)
    assert outcome.reason is not None
    assert (outcome.reason.code, outcome.reason.retryable) == ("quarantined", False)


def test_a_part_of_one_row_names_its_record_in_an_artifact_and_nowhere_else() -> None:
    # given
    bench = Bench()
    # when
    outcome = quarantined(
        ANNOTATE, bench.store, chunk(bench, Slice(chunk=0, start=7, stop=8)), times=3, naming=read_record_ids
    )
    # then
    assert outcome.reason is not None and outcome.reason.code == "set_aside"
    (ref,) = outcome.artifacts["set_aside"]
    named = SetAsideRecords.model_validate_json(bench.store.get("acme", ref))
    assert named == SetAsideRecords(step="step", records=("r7",))
    assert "r7" not in outcome.model_dump_json()


def test_a_divided_part_reads_its_own_rows_only() -> None:
    # given
    bench = Bench()
    message = chunk(bench, Slice(chunk=0, start=2, stop=5))
    part = Part(spec=ANNOTATE, message=message, store=bench.store, input_hash="0" * 64)
    # when
    table = read_table(part, message.inputs["units"][0], tables.UNITS)
    # then
    assert table.column("unit_id").to_pylist() == ["u2", "u3", "u4"]


def test_a_part_that_is_not_divided_reads_all_of_its_rows() -> None:
    # given
    bench = Bench()
    message = chunk(bench, None).model_copy(update={"deadline_at": now() + timedelta(seconds=1)})
    part = Part(spec=ANNOTATE, message=message, store=bench.store, input_hash="0" * 64)
    # when / then
    assert read_table(part, message.inputs["units"][0], tables.UNITS).num_rows == 10
