"""JSON and NDJSON: formats that name the record's fields themselves, so that nothing is guessed."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from millrace.contracts.api import SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.faults import record_faults
from millrace.ingestion.domain.identity import id_for_row, with_unique_ids
from millrace.ingestion.domain.parsed import MAX_LISTED, MAX_RECORDS, Parsed

_BOM = b"\xef\xbb\xbf"


def parse_records(data: bytes) -> Parsed:
    """A JSON list of records, or `{"records": [...]}`. Any invalid record refuses all: BadFile `invalid_records`."""
    try:
        document = from_json(data.removeprefix(_BOM))
    except ValueError:
        raise BadFile("not_json", "the body is not valid JSON in UTF-8") from None
    records = document.get("records") if isinstance(document, dict) else document
    if not isinstance(records, list):
        raise BadFile("no_records", 'expected a list of records or {"records": [...]}')
    return _accept(enumerate(records, start=1), len(records))


def parse_lines(data: bytes) -> Parsed:
    """NDJSON: one record per line, blank lines skipped; `row` is the number of the line."""
    lines = [
        (number, line)
        for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), start=1)
        if line.strip()
    ]  # fmt: skip
    return _accept(((number, _line(line)) for number, line in lines), len(lines))


def _line(line: bytes) -> Any:
    try:
        return from_json(line)
    except ValueError:
        return None


def _accept(rows: Iterable[tuple[int, Any]], count: int) -> Parsed:
    _check_count(count)
    records: list[Record] = []
    faults: list[SetAside] = []
    faulty = 0
    for number, value in rows:
        outcome = _record(number, value)
        if isinstance(outcome, Record):
            records.append(outcome)
        else:
            faulty += 1
            faults += outcome if faulty <= MAX_LISTED else ()
    if faulty:
        detail = f"{faulty} of {count} records are not valid; nothing was accepted"
        raise BadFile("invalid_records", detail, tuple(faults[:MAX_LISTED]))
    return Parsed(records=with_unique_ids(records))


def _record(number: int, value: Any) -> Record | tuple[SetAside, ...]:
    if not isinstance(value, dict):
        return (SetAside(row=number, reason="not a JSON object"),)
    try:
        return Record.model_validate({"record_id": id_for_row(number), **value})
    except ValidationError as error:
        return record_faults(error, number)


def _check_count(count: int) -> None:
    if not count:
        raise BadFile("no_records", "the batch holds no record")
    if count > MAX_RECORDS:
        raise BadFile("too_many_records", f"{count} records; a batch takes at most {MAX_RECORDS}")
