"""Cursors of lists as their readers see them: opaque, so that what is in them may change."""

import base64
import binascii

from millrace.ingestion.errors import BadCursor

_VERSION = b"1:"
_LONGEST = 512


def write_cursor(name: str | None) -> str | None:
    """The cursor for the page after this name; None for none."""
    if name is None:
        return None
    return base64.urlsafe_b64encode(_VERSION + name.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str | None:
    """The name in a cursor; BadCursor when it is none of ours."""
    if cursor is None:
        return None
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        name = plain.removeprefix(_VERSION).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCursor("the cursor is none that a page was answered with") from error
    # One name has one cursor: what decodes alike but was not written here is refused too.
    if not name or write_cursor(name) != cursor:
        raise BadCursor("the cursor is none that a page was answered with")
    return name
