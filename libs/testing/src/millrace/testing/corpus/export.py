"""The corpus as the CSV file that a shop would export."""

import csv
import io
from collections.abc import Iterable

from millrace.contracts.records import Record

HEADERS = (
    "id", "created_at", "channel", "customer", "thread", "author", "title", "review", "stars", "department", "plan",
    "country", "age",
)  # fmt: skip


def to_csv(records: Iterable[Record]) -> bytes:
    """UTF-8, lines ended by LF, a blank cell for what is not given."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADERS)
    writer.writerows(map(_row, records))
    return buffer.getvalue().encode()


def _row(record: Record) -> tuple[str, ...]:
    moment = record.created_at.strftime("%Y-%m-%dT%H:%M:%SZ") if record.created_at else ""
    stars = f"{record.rating.value:g}" if record.rating else ""
    attrs = (record.attrs.get(name, "") for name in HEADERS[-4:])
    return (
        record.record_id, moment, record.channel, record.customer_ref, record.thread_ref, record.author_role,
        record.title, record.text, stars, *attrs,
    )  # fmt: skip
