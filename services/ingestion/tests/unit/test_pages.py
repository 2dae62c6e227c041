"""PDF: text, scans, passwords."""

import io

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas

from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.parse import parse


def pdf(*pages: list[str]) -> bytes:
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer)
    for lines in pages:
        for number, line in enumerate(lines):
            sheet.drawString(50, 800 - 14 * number, line)
        sheet.rect(50, 100, 200, 200, fill=1)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def locked(data: bytes, user: str, owner: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user, owner, algorithm=algorithm)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


CALL = pdf(["Agent: How can I help?", "Customer: My parcel", "is late.", "Agent: Sorry."])


@pytest.mark.parametrize(("media_type", "name"), [("application/pdf", ""), ("", ""), ("", "x.csv")])
def test_a_transcript_in_a_pdf(media_type: str, name: str) -> None:
    parsed = parse(CALL, media_type, name)
    assert [(record.author_role, record.text) for record in parsed.records] == [
        ("agent", "How can I help?"), ("customer", "My parcel is late."), ("agent", "Sorry."),
    ]  # fmt: skip
    assert parsed.mapping is not None and parsed.mapping.format == "pdf"


def test_what_runs_along_the_edges_of_the_pages_is_left_out() -> None:
    said = ["late", "cold", "dear", "slow"]
    pages = [
        ["Shop Ltd", f"Customer: it was {word}", f"and {word} again", f"Page {at}"] for at, word in enumerate(said)
    ]
    texts = [record.text for record in parse(pdf(*pages)).records]
    assert texts == [f"it was {word} and {word} again" for word in said]


def test_pages_without_text_are_set_aside() -> None:
    parsed = parse(pdf(["Customer: late", "Agent: sorry"], []))
    assert [(fault.row, fault.reason) for fault in parsed.set_aside] == [(2, "a page without text: is it a scan?")]
    assert len(parsed.records) == 2


def test_a_scan_is_refused_in_words_that_help() -> None:
    with pytest.raises(BadFile) as caught:
        parse(pdf([], []))
    assert caught.value.code == "no_text_in_pages"
    assert "none of its 2 pages holds text" in caught.value.detail
    assert [error.row for error in caught.value.errors] == [1, 2]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_password_is_needed_only_where_reading_is_locked(algorithm: str) -> None:
    assert len(parse(locked(CALL, "", "owner", algorithm)).records) == 3
    with pytest.raises(BadFile) as caught:
        parse(locked(CALL, "user", "owner", algorithm))
    assert caught.value.code == "encrypted_file"


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", CALL[:200], CALL[: len(CALL) // 2], b"%PDF-1.4\n" + b"x" * 5_000])
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(BadFile) as caught:
        parse(data)
    assert caught.value.code in ("unreadable_file", "no_text_in_pages")
