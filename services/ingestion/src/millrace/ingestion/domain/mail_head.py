"""The head of a message: who wrote to whom, when, about what, in answer to what."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from millrace.ingestion.domain.decoding import decode

_ID = re.compile(r"<([^<>\s]{1,500})>")
_REPLY = re.compile(
    r"\s*(?:(?:re|aw|antw|antwort|sv|vs|rv|rif|odp|ref|réf|res|resp|fwd?|wg|wtr|tr|enc|doorst|i)"
    r"(?:\s?\[\d{1,3}\])?\s?[:\uff1a]|\[(?:external|extern|ext)\])\s*",
    re.IGNORECASE,
)
"""What mail programs put before the subject of an answer or a forwarded message (RFC 5256 section 2.1, and the
words that German, French, Spanish, Italian, Dutch and Nordic programs use)."""
_LONGEST = 2_000
"""Characters of a header that are looked at."""
_MANY = 50
"""Addresses of a header that are looked at."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the headers of one message say."""

    number: int
    """Place in the mailbox, from 1."""
    message_id: str
    references: tuple[str, ...]
    """Message ids of what it answers, oldest first (RFC 5322 section 3.6.4)."""
    subject: str
    """Without `Re:` and the like."""
    is_reply: bool
    sender: str
    """Address in lower case; empty when there is none."""
    recipients: tuple[str, ...]
    sent_at: datetime | None
    automatic: bool
    """Whether a program answered: an absence note or a failed delivery."""


def head_of(number: int, message: Message) -> Head:
    """The head of a message. Headers that cannot be read are taken as absent."""
    subject = _words(message, "subject")
    base = _base(subject)
    references = _ids(message, "references") + _ids(message, "in-reply-to")
    senders = _addresses(message, "from") or _addresses(message, "sender")
    return Head(
        number=number, message_id=next(iter(_ids(message, "message-id")), ""),
        references=tuple(dict.fromkeys(references)), subject=base, is_reply=bool(references) or base != subject,
        sender=senders[0] if senders else "",
        recipients=_addresses(message, "to") + _addresses(message, "delivered-to") + _addresses(message, "cc"),
        sent_at=_sent_at(message), automatic=_is_automatic(message),
    )  # fmt: skip


def _raw(message: Message, name: str) -> str:
    """The first header of that name as it stands in the file; bytes beyond ASCII as they most likely are meant."""
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")[:_LONGEST]
    if not value.isascii():
        value = decode(value.encode("utf-8", "surrogateescape")).text
    return " ".join(value.split())


def _words(message: Message, name: str) -> str:
    """A header's text, encoded words decoded (RFC 2047)."""
    raw = _raw(message, name)
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        return raw
    texts = [piece if isinstance(piece, str) else decode(piece, charset or "").text for piece, charset in pieces]
    return " ".join("".join(texts).split())


def _base(subject: str) -> str:
    while found := _REPLY.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def _ids(message: Message, name: str) -> tuple[str, ...]:
    return tuple(_ID.findall(_raw(message, name)))


def _addresses(message: Message, name: str) -> tuple[str, ...]:
    raw = _raw(message, name)
    found = (address.strip().casefold() for _, address in getaddresses([raw])[:_MANY]) if raw else ()
    return tuple(address for address in found if "@" in address)


def _sent_at(message: Message) -> datetime | None:
    """When it was sent, else when it was received, where that can be read and is of our time."""
    for text in (_raw(message, "date"), _raw(message, "received").rpartition(";")[2]):
        try:
            moment = parsedate_to_datetime(text)
            aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if _FIRST <= aware < _LAST:
            return aware
    return None


def _is_automatic(message: Message) -> bool:
    """RFC 3834 section 5, the older marks beside it, and reports of a failed delivery (RFC 6522)."""
    auto = _raw(message, "auto-submitted").lower()
    return (
        auto.startswith("auto-replied")
        or _raw(message, "precedence").lower() == "auto_reply"
        or any(_raw(message, name) for name in ("x-autoreply", "x-autorespond"))
        or message.get_content_type() == "multipart/report"
    )
