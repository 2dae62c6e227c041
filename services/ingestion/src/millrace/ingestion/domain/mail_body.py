"""The text that a message's author typed, out of its MIME parts."""

from dataclasses import dataclass
from email.message import Message

from millrace.ingestion.domain.decoding import decode
from millrace.ingestion.domain.html_text import text_of_html


@dataclass(frozen=True, kw_only=True)
class Body:
    """A message's text, quotations and signature included."""

    text: str
    attachments: int = 0
    """Files and messages that came with it and were not read."""


def body_of(message: Message) -> Body:
    """The plain text of a message, or the text of its HTML where there is none that says anything."""
    kind = message.get_content_type()
    if message.is_multipart() and kind.startswith("multipart/"):
        parts = [part for part in message.get_payload() if isinstance(part, Message)]
        return _one(parts) if kind == "multipart/alternative" else _all(parts)
    if _is_attachment(message, kind):
        return Body(text="", attachments=1)
    payload = message.get_payload(decode=True)
    text = decode(payload if isinstance(payload, bytes) else b"", message.get_content_charset("") or "").text
    plain = text.replace("\r\n", "\n")
    return Body(text=text_of_html(plain) if kind == "text/html" else plain)


def _is_attachment(part: Message, kind: str) -> bool:
    named = part.get_content_disposition() == "attachment" or part.get_filename() is not None
    return named or kind not in ("text/plain", "text/html")


def _one(parts: list[Message]) -> Body:
    """The first alternative that says something, plain text before the rest (RFC 2046 section 5.1.4)."""
    plain_first = sorted(parts, key=lambda part: part.get_content_type() != "text/plain")
    found: list[Body] = []
    for part in plain_first:
        body = body_of(part)
        if body.text.strip():
            return body
        found.append(body)
    return Body(text="", attachments=sum(body.attachments for body in found))


def _all(parts: list[Message]) -> Body:
    bodies = [body_of(part) for part in parts]
    texts = [body.text.strip("\n") for body in bodies if body.text.strip()]
    return Body(text="\n\n".join(texts), attachments=sum(body.attachments for body in bodies))
