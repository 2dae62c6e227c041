"""JSON and NDJSON: formats that name the record's fields themselves, so that nothing is guessed."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from millrace.contracts.api import SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.faults import record_faults
from millrace.ingestion.domain.identity import id_for_row, with_unique_ids
from millrace.ingestion.domain.parsed import MAX_LISTED, MAX_RECORDS, MAX_UNREADABLE, Parsed

_BOM = b"\xef\xbb\xbf"


def load(data: bytes) -> Any:
    """The value of a JSON document; BadFile `not_json`. Of a name that stands twice the last counts."""
    try:
        return from_json(data.removeprefix(_BOM))
    except ValueError:
        raise BadFile("not_json", "the body is not valid JSON in UTF-8") from None


def parse_records(data: bytes) -> Parsed:
    """A JSON list of records, or `{"records": [...]}`; it may be empty. BadFile when it is neither."""
    return records_in(load(data)) if data.removeprefix(_BOM).strip() else Parsed(records=())


def records_in(document: object) -> Parsed:
    """The records of a document that was loaded.

    Invalid records are set aside with every fault named; more than half of them refuse all: BadFile `invalid_records`.
    """
    records = document.get("records") if isinstance(document, dict) else document
    if not isinstance(records, list):
        raise BadFile("no_records", 'expected a list of records or {"records": [...]}')
    return _accept(list(enumerate(records, start=1)))


def parse_lines(data: bytes) -> Parsed:
    """NDJSON: one record per line, blank lines skipped; `row` is the number of the line."""
    lines = data.removeprefix(_BOM).split(b"\n")
    count = sum(bool(line.strip()) for line in lines)
    _check(count)
    return _accept([(number, _line(line)) for number, line in enumerate(lines, start=1) if line.strip()])


def parse_values(rows: Sequence[tuple[int, Any]]) -> Parsed:
    """The records of values that were read already, each with the number of its line."""
    return _accept(rows)


def _line(line: bytes) -> Any:
    try:
        return from_json(line)
    except ValueError:
        return None


def _check(count: int) -> None:
    if count > MAX_RECORDS:
        raise BadFile("too_many_records", f"{count} records; a batch takes at most {MAX_RECORDS}")


def _accept(rows: Sequence[tuple[int, Any]]) -> Parsed:
    _check(len(rows))
    valid = _all_valid(rows)
    if valid is not None:
        return Parsed(records=with_unique_ids(valid))
    records: list[Record] = []
    faults: list[tuple[SetAside, ...]] = []
    for number, value in rows:
        outcome = _record(number, value)
        if isinstance(outcome, Record):
            records.append(outcome)
        else:
            faults.append(outcome)
    if len(faults) > MAX_UNREADABLE * len(rows):
        detail = f"{len(faults)} of {len(rows)} records are not valid; nothing was accepted"
        raise BadFile("invalid_records", detail, tuple(chain(*faults[:MAX_LISTED]))[:MAX_LISTED])
    first = tuple(of_record[0] for of_record in faults[:MAX_LISTED])
    return Parsed(records=with_unique_ids(records), set_aside=first, set_aside_total=len(faults))


def _all_valid(rows: Sequence[tuple[int, Any]]) -> list[Record] | None:
    """The records where each is valid, as in nearly every batch: all at once they take half the time."""
    try:
        return _records().validate_python([_with_id(number, value) for number, value in rows])
    except ValidationError:
        return None


@cache
def _records() -> TypeAdapter[list[Record]]:
    return TypeAdapter(list[Record])


def _with_id(number: int, value: Any) -> Any:
    if not isinstance(value, dict) or "record_id" in value:
        return value
    return {"record_id": id_for_row(number), **value}


def _record(number: int, value: Any) -> Record | tuple[SetAside, ...]:
    if not isinstance(value, dict):
        return (SetAside(row=number, reason="not a JSON object"),)
    try:
        return Record.model_validate(_with_id(number, value))
    except ValidationError as error:
        return record_faults(error, number)
