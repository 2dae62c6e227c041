"""PDF: the text of its pages, without what runs along their edges."""

import io
import re
from collections import Counter
from logging import CRITICAL, getLogger

from millrace.contracts.api import SetAside
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.foreign import guarded
from millrace.ingestion.domain.parsed import MAX_LISTED, Parsed
from millrace.ingestion.domain.transcript import parse_text, speaker_of

PDF = b"%PDF-"
MAX_PAGES = 1_000
_EDGE = 2
"""Lines at the top and bottom of a page that may be a running head or foot."""
_NUMBERS = re.compile(r"\d+")
_NO_TEXT = "a page without text: is it a scan?"


def parse_pdf(data: bytes) -> Parsed:
    """The records of a PDF's text. BadFile when it cannot be read, or when its pages are pictures."""
    pages = guarded("the PDF file is damaged", lambda: _pages(data))
    silent = tuple(
        SetAside(row=number, reason=_NO_TEXT) for number, page in enumerate(pages, start=1) if not page.strip()
    )
    if pages and len(silent) == len(pages):
        detail = (
            f"none of its {len(pages)} pages holds text: they are pictures, as a scanner makes them; send the text, or "
            "have the text recognised (OCR) first"
        )
        raise BadFile("no_text_in_pages", detail, silent[:MAX_LISTED])
    return parse_text("\n".join(_without_edges(pages)), "pdf", set_aside=silent)


def _pages(data: bytes) -> list[str]:
    from pypdf import PdfReader  # 0.4 s, in the parser's child only
    from pypdf.errors import DependencyError, FileNotDecryptedError

    getLogger("pypdf").setLevel(CRITICAL)  # it warns about each fault of a file, and may quote it
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadFile("encrypted_file", "the PDF is protected by a password; save it without one")
        if len(reader.pages) > MAX_PAGES:
            raise BadFile("too_many_records", f"{len(reader.pages)} pages; a PDF may have {MAX_PAGES}")
        return [page.extract_text() for page in reader.pages]
    except (DependencyError, FileNotDecryptedError) as error:
        raise BadFile("encrypted_file", "the PDF is encrypted; save it without protection") from error


def _without_edges(pages: list[str]) -> list[str]:
    """The pages without lines that stand at the edge of most of them, page numbers aside."""
    split = [page.strip().split("\n") for page in pages if page.strip()]
    edges = Counter(
        line for lines in split for line in {*map(_form, lines[:_EDGE]), *map(_form, lines[-_EDGE:])} - {""}
    )
    running = {line for line, count in edges.items() if count >= 3 and count > len(split) / 2}
    return ["\n".join(_kept(lines, running)) for lines in split]


def _kept(lines: list[str], running: set[str]) -> list[str]:
    last = len(lines) - _EDGE
    return [line for at, line in enumerate(lines) if not ((at < _EDGE or at >= last) and _form(line) in running)]


def _form(line: str) -> str:
    """A line as it is on every page; empty where somebody begins to speak."""
    return "" if speaker_of(line) else _NUMBERS.sub("0", line.strip())
