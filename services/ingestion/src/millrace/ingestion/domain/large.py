"""Files that are larger than a batch can be: read piece by piece, and only as far as that says something.

What a batch takes is bounded in records and in text, so a large file is one with much that is left out (attachments,
fields that nobody reads) or one that is refused: early, and in little memory.
"""

import csv
import gzip
import io
import mmap
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, BinaryIO, Final

from pydantic_core import from_json, to_json

from millrace.contracts.records import Record
from millrace.ingestion.domain import dialect
from millrace.ingestion.domain.archive import ZIP
from millrace.ingestion.domain.columnar import PARQUET
from millrace.ingestion.domain.decoding import decode
from millrace.ingestion.domain.documents import parse_values
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.formats import recognise
from millrace.ingestion.domain.mail import SEPARATOR, follows_blank, parse_messages, unescaped
from millrace.ingestion.domain.parsed import MAX_EXPANDED, MAX_RECORDS, Options, Parsed
from millrace.ingestion.domain.sheet import Sheet, sheet_of
from millrace.ingestion.domain.tabular import Origin, parsed, tabulate

HEAD: Final = 1 << 20
"""Bytes of a file's beginning that tell its format."""
STREAMED: Final = frozenset({"csv", "tsv", "ndjson", "mbox", "eml"})
_TABLES: Final = frozenset({"csv", "tsv"})
_LONGEST_LINE = 8 << 20
_ATTACHED = 4 << 10
"""Bytes that are kept of a part that is no text: its head."""
_PIECE = 1 << 20
"""Bytes that are kept of any other piece of a message: fifty times what a record's text may have."""
_MESSAGE = 32 << 20
_STEP = 64 << 20
_MIB = MAX_EXPANDED >> 20


def recognise_large(head: bytes, media_type: str, filename: str) -> tuple[str, str]:
    """Format and charset of a large file by its beginning; BadFile when it is nothing that can be read piecewise."""
    if head.startswith((ZIP, PARQUET)):
        raise _too_large("a workbook or Parquet file")
    format, charset = recognise(_whole_lines(head), media_type, filename)
    if format not in STREAMED:
        raise _too_large(f"a file read as {format}")
    return format, charset


def bytes_needed(format: str, size: int) -> int:
    """How much of a file of this size has to be there: of a table, as much as may be text."""
    return min(size, MAX_EXPANDED + 1) if format in _TABLES else size


def parse_large(file: BinaryIO, format: str, charset: str, options: Options) -> Parsed:
    """The records of a file on disk, whose format is one of `STREAMED`; BadFile when it is beyond what a batch takes.

    Bytes that the encoding does not know become U+FFFD without being counted.
    """
    if format in _TABLES:
        return _table(file, format, charset, options)
    if options.mapping or options.scale:
        raise BadFile("mapping_without_columns", f"a mapping or scale applies to files with columns, not to {format}")
    if format == "ndjson":
        return parse_values(list(_values(file)))
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        spans = _spans(data) if format == "mbox" else [(0, len(data))]
        return parse_messages(_messages(data, spans), format)


def unpack(packed: BinaryIO, out: BinaryIO, most: int, limit: Callable[[], int]) -> None:
    """Write what a gzip file holds, little more than `most` bytes, and then what `limit` gives; BadFile when damaged.

    `limit` is called when there are more than `most`: what was written tells how much more is of use. Without
    `compressed.gunzip`'s bound on the ratio: nothing of it is kept in memory.
    """
    try:
        with gzip.GzipFile(fileobj=packed) as inner:
            _copy(inner, out, most)
            if out.tell() > most:
                _copy(inner, out, limit())
    except EOFError:
        raise BadFile("unreadable_file", "the gzip file is cut off") from None
    except (gzip.BadGzipFile, zlib.error):
        raise BadFile("unreadable_file", "the gzip file is damaged") from None


def _copy(inner: gzip.GzipFile, out: BinaryIO, most: int) -> None:
    while out.tell() <= most and (piece := inner.read1(HEAD)):
        out.write(piece)


def _too_large(what: str) -> BadFile:
    detail = f"{what} may have {_MIB} MiB; CSV, TSV, NDJSON and MBOX are read piece by piece and may have more"
    return BadFile("file_too_large", detail)


def _table(file: BinaryIO, format: str, charset: str, options: Options) -> Parsed:
    file.seek(0)
    about = decode(_whole_lines(file.read(HEAD)), charset)
    file.seek(0)
    with io.TextIOWrapper(file, encoding=about.encoding, errors="replace", newline="") as text:
        sheet = _sheet(text, about.text, "\t" if format == "tsv" else "")
    return parsed(tabulate(sheet, options), Origin(format=format, encoding=about.encoding, notes=about.notes))


def _whole_lines(head: bytes) -> bytes:
    """A file's beginning up to a line's end: half a character would look like another encoding."""
    end = head.rfind(b"\n") + 1 or len(head)
    return head[: end + (-end % 4 if b"\0" in head else 0)]


def _sheet(text: io.TextIOWrapper, head: str, hint: str) -> Sheet:
    declared, body = dialect.split_declaration(head)
    delimiter = declared or dialect.sniff(body, hint)
    if declared:
        text.readline()
    return sheet_of(csv.reader(_lines(text), delimiter=delimiter), delimiter)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The file's lines without marks and NULs, as long as they are no more than a batch may hold."""
    left = MAX_EXPANDED
    while line := text.readline(_LONGEST_LINE):
        left -= len(line)
        if left < 0:
            raise _too_much()
        yield line.lstrip("\ufeff").replace("\0", "")


def _too_much() -> BadFile:
    return BadFile("file_too_large", f"a batch may have {_MIB} MiB of text; divide the file")


def _values(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    """The lines of NDJSON as values, without the fields that no record has."""
    file.seek(0)
    left, count, number = MAX_EXPANDED, 0, 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise BadFile("field_too_long", f"line {number} is longer than {_LONGEST_LINE >> 20} MiB")
        if not line.strip():
            continue
        value, size = _kept(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
        count, left = count + 1, left - size
        if count > MAX_RECORDS:
            raise BadFile("too_many_records", f"more than {MAX_RECORDS} records; a batch takes no more")
        if left < 0:
            raise _too_much()
        yield number, value


def _kept(line: bytes) -> tuple[Any, int]:
    try:
        value = from_json(line)
    except ValueError:
        return None, 0
    if not isinstance(value, dict):
        return None, 0
    kept = {name: field for name, field in value.items() if name in Record.model_fields}
    return kept, len(line) if len(kept) == len(value) else len(to_json(kept))


def _spans(data: mmap.mmap) -> list[tuple[int, int]]:
    """Where each message of a mailbox begins and ends, by the separators alone; BadFile when they are too many."""
    found: list[tuple[int, int]] = []
    at = done = 0
    while True:
        separator = SEPARATOR.match(data, at)
        if separator and follows_blank(data, at):
            found.append((at, separator.end()))
        if len(found) > MAX_RECORDS:
            raise BadFile("too_many_records", f"more than {MAX_RECORDS} messages; a batch takes no more")
        at = data.find(b"\nFrom ", at) + 1
        if not at:
            break
        done = _given_back(data, done, at)
    ends = [*(start for start, _ in found[1:]), len(data)]
    return [(begin, end) for (_, begin), end in zip(found, ends, strict=True)]


def _messages(data: mmap.mmap, spans: list[tuple[int, int]]) -> Iterator[bytes]:
    """The messages without what is attached to them."""
    done = 0
    for begin, end in spans:
        yield unescaped(data[begin:end] if end - begin <= _PIECE else _skimmed(data, begin, end))
        done = _given_back(data, done, end)


def _given_back(data: mmap.mmap, done: int, end: int) -> int:
    """Give what was read back to the system now and then, lest the file count as memory; returns how far that was."""
    if end - done < _STEP:
        return done
    page = done - done % mmap.PAGESIZE
    data.madvise(mmap.MADV_DONTNEED, page, end - end % mmap.PAGESIZE - page)
    return end


def _skimmed(data: mmap.mmap, begin: int, end: int) -> bytes:
    """A large message, shortened where its text cannot be.

    Parts are told by lines that begin with two hyphens, which base64 never holds.
    """
    edges = [begin]
    while (edge := data.find(b"\n--", edges[-1] + 1, end)) >= 0 and len(edges) < 10_000:
        edges.append(edge)
    kept, size = [], 0
    for start, stop in pairwise([*edges, end]):
        piece = data[start : min(stop, start + _PIECE)]
        if stop - start > _ATTACHED and _is_attached(piece[:_ATTACHED]):
            piece = piece[:_ATTACHED].rpartition(b"\n")[0]
        kept.append(piece)
        size += len(piece)
        if size > _MESSAGE:
            break
    return b"".join(kept)


def _is_attached(head: bytes) -> bool:
    """Whether a part's head says that it is encoded and no text."""
    headers = head.lower().partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
    return b"base64" in headers and b"content-type: text/" not in headers
