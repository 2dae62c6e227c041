"""EML and MBOX: messages to records, threaded, with who wrote them."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from mmap import mmap

from pydantic import ValidationError

from millrace.contracts.api import ColumnMapping, SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.faults import NOTHING_SAID, record_faults
from millrace.ingestion.domain.foreign import guarded
from millrace.ingestion.domain.identity import id_for_row
from millrace.ingestion.domain.mail_body import Body, body_of
from millrace.ingestion.domain.mail_head import Head, head_of
from millrace.ingestion.domain.mail_sides import Sides, sides_of
from millrace.ingestion.domain.mail_threads import Thread, threads_of
from millrace.ingestion.domain.parsed import MAX_FIELD, MAX_LISTED, MAX_RECORDS, Parsed

SEPARATOR = re.compile(rb"^From (?=[^\r\n]*\d:\d\d)[^\r\n]*+\r?\n", re.MULTILINE)
"""The line before each message of an mbox file, with its date (RFC 4155 appendix A). Linear in the line's length."""
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]*>.*(?:\n|\Z)", re.MULTILINE)
_MAX_PARTS = 100
"""Parts of one message. The standard library's parser recurses into them, and looks at each line once a level."""

_MAX_HEAD = 256 << 10
"""Bytes of a message's headers: fifty times what the longest way of a mail leaves behind."""
_HEAD_END = re.compile(rb"\r?\n\r?\n")

_FIELDS = {
    "text": "body", "title": "Subject", "created_at": "Date", "customer_ref": "From", "author_role": "From",
    "thread_ref": "References",
}  # fmt: skip


def parse_mail(data: bytes, format: str) -> Parsed:
    """The records of a message or a mailbox. Quotations and signatures stay: who cuts texts into turns drops them.

    Automatic replies and second copies of a message are set aside. BadFile when there are messages and none of them
    says anything.
    """
    raw = list(_messages(data)) if format == "mbox" else [data]
    if len(raw) > MAX_RECORDS:
        raise BadFile("too_many_records", f"{len(raw)} messages; a batch takes at most {MAX_RECORDS}")
    return parse_messages(raw, format)


def parse_messages(messages: Iterable[bytes], format: str) -> Parsed:
    """The records of messages that were divided already, each read once and not kept; BadFile as `parse_mail`."""
    reader = _Mailbox()
    for number, message in enumerate(messages, start=1):
        reader.read(number, message)
    return reader.parsed(format)


def unescaped(message: bytes) -> bytes:
    """A message of a mailbox without what was put before its lines that begin like a separator."""
    return _ESCAPED.sub(rb"\1", message)


def _messages(data: bytes) -> Iterator[bytes]:
    """The messages of a mailbox. Split in memory: `mailbox.mbox` would need the raw feedback on a disk."""
    starts = [found for found in SEPARATOR.finditer(data) if follows_blank(data, found.start())]
    ends = [*(found.start() for found in starts[1:]), len(data)]
    for found, end in zip(starts, ends, strict=True):
        yield unescaped(data[found.end() : end])


def follows_blank(data: bytes | mmap, at: int) -> bool:
    """Whether what begins at this place stands after a blank line, or at the file's beginning."""
    before = data[max(0, at - 3) : at].replace(b"\r", b"")
    return not data[:at].strip() if at < 8 else before.endswith(b"\n\n")


class _Mailbox:
    """Messages that were read so far, and those that were set aside."""

    def __init__(self) -> None:
        self._mails: list[tuple[Head, Body]] = []
        self._aside: list[SetAside] = []
        self._seen: set[str] = set()

    def read(self, number: int, raw: bytes) -> None:
        """Take in one message, or set it aside."""
        try:
            head, body = guarded("the message is damaged", lambda: _read(number, raw))
        except BadFile as error:
            self._aside.append(SetAside(row=number, reason=error.detail))
            return
        reason = self._objection(head, body)
        if reason:
            self._aside.append(SetAside(row=number, reason=reason))
        else:
            self._mails.append((head, body))
        self._seen.add(head.message_id)

    def _objection(self, head: Head, body: Body) -> str:
        if head.message_id and head.message_id in self._seen:
            return "the same message once more"
        if head.automatic:
            return "an automatic reply"
        if not body.text.strip() and not head.subject:
            return NOTHING_SAID
        return f"the text is longer than {MAX_FIELD} characters" if len(body.text) > MAX_FIELD else ""

    def parsed(self, format: str) -> Parsed:
        """The records of what was taken in."""
        heads = [head for head, _ in self._mails]
        threads = threads_of(heads)
        sides = sides_of(heads, threads)
        records = []
        for head, body in self._mails:
            outcome = _record(head, body, threads[head.number], sides)
            if isinstance(outcome, Record):
                records.append(outcome)
            else:
                self._aside.append(outcome)
        aside = tuple(sorted(self._aside, key=lambda fault: fault.row))
        if aside and not records:
            detail = f"none of {len(aside)} messages can be used"
            raise BadFile("no_usable_rows", detail, aside[:MAX_LISTED])
        notes = self._notes(sides)
        mapping = ColumnMapping(fields=_FIELDS, delimiter="", format=format, notes=notes)
        return Parsed(
            records=tuple(records), mapping=mapping, set_aside=aside[:MAX_LISTED], set_aside_total=len(aside),
            notes=notes,
        )  # fmt: skip

    def _notes(self, sides: Sides) -> tuple[str, ...]:
        agents = sum(sides.is_agent(head) for head, _ in self._mails)
        attachments = sum(body.attachments for _, body in self._mails)
        notes = [f"messages taken as the company's own, by address: {agents}"] if agents else []
        if attachments:
            notes.append(f"attachments that were not read: {attachments}")
        return tuple(notes)


def _read(number: int, raw: bytes) -> tuple[Head, Body]:
    if raw.lower().count(b"multipart/") + raw.lower().count(b"message/") > _MAX_PARTS:
        raise BadFile("unreadable_file", f"the message has more than {_MAX_PARTS} nested parts")
    if len(raw) > _MAX_HEAD and not _HEAD_END.search(raw, 0, _MAX_HEAD):
        raise BadFile("unreadable_file", f"the message has more than {_MAX_HEAD >> 10} KiB of headers")
    # The modern policy parses every structured header by its grammar: 1.2 ms a message, against 0.06 ms.
    message: Message = message_from_bytes(raw.lstrip(b"\r\n"), policy=compat32)
    head = head_of(number, message)
    body = body_of(message)
    if len(body.text) > MAX_FIELD:
        body = Body(text=_QUOTED.sub("", body.text), attachments=body.attachments)
    return head, body


def _record(head: Head, body: Body, thread: Thread, sides: Sides) -> Record | SetAside:
    try:
        return Record(
            record_id=id_for_row(head.number), text=body.text.strip(),
            title="" if head.is_reply and body.text.strip() else head.subject[:1_000],
            created_at=head.sent_at, channel="email", author_role="agent" if sides.is_agent(head) else "customer",
            customer_ref=_short(sides.customer(head)), thread_ref=_short(thread.name), lang="",
        )  # fmt: skip
    except ValidationError as error:
        return record_faults(error, head.number)[0]


def _short(name: str) -> str:
    """A name within the contract's limit: one that is too long is replaced by its digest."""
    return name if len(name) <= 256 else hashlib.sha256(name.encode()).hexdigest()
