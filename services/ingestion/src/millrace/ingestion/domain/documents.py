"""JSON and NDJSON: formats that name the record's fields themselves, so that nothing is guessed."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from millrace.contracts.api import SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.faults import record_faults
from millrace.ingestion.domain.identity import id_for_row, with_unique_ids
from millrace.ingestion.domain.parsed import MAX_LISTED, MAX_RECORDS, MAX_UNREADABLE, Parsed

_BOM = b"\xef\xbb\xbf"


def parse_records(data: bytes) -> Parsed:
    """A JSON list of records, or `{"records": [...]}`; it may be empty.

    Invalid records are set aside with every fault named; more than half of them refuse all: BadFile `invalid_records`.
    """
    if not data.removeprefix(_BOM).strip():
        return Parsed(records=())
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
    if count > MAX_RECORDS:
        raise BadFile("too_many_records", f"{count} records; a batch takes at most {MAX_RECORDS}")
    records: list[Record] = []
    faults: list[tuple[SetAside, ...]] = []
    for number, value in rows:
        outcome = _record(number, value)
        if isinstance(outcome, Record):
            records.append(outcome)
        else:
            faults.append(outcome)
    if faults and len(faults) > MAX_UNREADABLE * count:
        detail = f"{len(faults)} of {count} records are not valid; nothing was accepted"
        raise BadFile("invalid_records", detail, tuple(chain(*faults[:MAX_LISTED]))[:MAX_LISTED])
    first = tuple(of_record[0] for of_record in faults[:MAX_LISTED])
    return Parsed(records=with_unique_ids(records), set_aside=first, set_aside_total=len(faults))


def _record(number: int, value: Any) -> Record | tuple[SetAside, ...]:
    if not isinstance(value, dict):
        return (SetAside(row=number, reason="not a JSON object"),)
    try:
        return Record.model_validate({"record_id": id_for_row(number), **value})
    except ValidationError as error:
        return record_faults(error, number)
