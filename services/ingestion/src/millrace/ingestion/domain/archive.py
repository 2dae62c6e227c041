"""The ZIP file that a workbook is, unpacked within bounds."""

import io
import re
import zipfile
import zlib

from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parsed import MAX_COLUMNS, MAX_EXPANDED, MAX_RECORDS

ZIP = b"PK\x03\x04"
_MAX_PARTS = 2_000
_WANTED = (".xml", ".rels")
"""A workbook's tables are XML; images and macros are of no use here."""

_REFERENCE = re.compile(rb"\br\s*=\s*[\"']\s*([A-Za-z]*)(\d+)")
"""Where a cell or a row stands: `r="C7"`, `r="7"`."""
_EMPTY_CELL = re.compile(rb"<(?:\w+:)?(?:c|row)\s[^<>]*/>")
_EMPTY_ROW = re.compile(rb"<((?:\w+:)?row)\s[^<>]*>\s*</\1>")
"""What has a format and nothing in it."""
_STRING_END = re.compile(rb"</(?:\w+:)?si>")
_MAX_STRING = 1 << 20
"""Bytes of one shared string with its markup. Excel allows 32,767 characters; calamine copies it into every cell."""
_SLACK = 1_000
"""Rows above the header, blank and torn ones, beyond the records that a batch may have."""

_TELLING = (
    ("xl/workbook.xml", "xlsx"), ("xl/workbook.bin", "an XLSB workbook"), ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a presentation"), ("content.xml", "an OpenDocument file"),
)  # fmt: skip


def kind_of(data: bytes) -> str:
    """`xlsx`, or in words what else the ZIP file is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.casefold() for name in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "a damaged ZIP or XLSX file"
    return next((kind for name, kind in _TELLING if name in names), "a ZIP file")


def unpacked(data: bytes) -> bytes:
    """The workbook's XML parts as a new, uncompressed ZIP file; BadFile when they expand beyond bounds.

    calamine unpacks without a bound, and reserves memory for every cell between the first and the last, so that two
    cells in opposite corners abort the process (https://github.com/tafia/calamine/issues/693). So it only gets what
    was counted here.
    """
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as plain:
            infos = archive.infolist()
            _check(infos)
            for info in infos:
                if info.filename.casefold().endswith(_WANTED):
                    plain.writestr(info.filename, _part(archive, info))
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadFile("unreadable_file", "the workbook's ZIP file is damaged") from error
    return out.getvalue()


def _check(infos: list[zipfile.ZipInfo]) -> None:
    if any(info.flag_bits & 1 for info in infos):
        raise BadFile("encrypted_file", "the workbook is protected by a password; save it without one")
    size = sum(info.file_size for info in infos if info.filename.casefold().endswith(_WANTED))
    if size > MAX_EXPANDED or len(infos) > _MAX_PARTS:
        raise BadFile("expands_too_far", f"unpacked, a workbook may have {MAX_EXPANDED >> 20} MiB")


def _part(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # `read` stops at the declared size, so that a false one cannot let more out.
    content, name = archive.read(info), info.filename.casefold()
    if name.endswith("sharedstrings.xml") and max(map(len, _STRING_END.split(content))) > _MAX_STRING:
        raise BadFile("field_too_long", f"a cell of the workbook is longer than {_MAX_STRING >> 20} MiB")
    return _bounded_sheet(content) if "worksheets/" in name else content


def _bounded_sheet(xml: bytes) -> bytes:
    if b"\0" in xml:
        raise BadFile("unreadable_file", "a sheet of the workbook is not in UTF-8")
    if _within_bounds(xml):
        return xml
    # Formats reach further than content: whole columns are coloured to the end of the sheet.
    filled = _EMPTY_ROW.sub(b"", _EMPTY_CELL.sub(b"", xml))
    if _within_bounds(filled):
        return filled
    detail = f"a sheet may have {MAX_RECORDS} rows and {MAX_COLUMNS} columns; is there a stray cell far off the table?"
    raise BadFile("too_many_records", detail)


def _within_bounds(xml: bytes) -> bool:
    rows = columns = 0
    for letters, digits in set(_REFERENCE.findall(xml)):
        if len(letters) > 3 or len(digits) > 7:
            return False
        rows = max(rows, int(digits))
        columns = max(columns, _column(letters))
    return rows <= MAX_RECORDS + _SLACK and columns <= MAX_COLUMNS


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
