"""Any bytes, and any damage to files of every format: a batch or a refusal, in bounded time, and nothing else."""

import functools
import gzip
import io
import mailbox
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from millrace.ingestion.body import Options, ReadBody, read_body
from millrace.ingestion.domain.errors import BadFile

TEXTS = ["Lovely and soft", "Too small, sadly", "Größe passt nicht", "It came late; I am angry"] * 5
PATIENCE_S = 30.0
"""Bounds a hang: each of these files takes a hundredth of it, and minutes where time goes by the square."""


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["id", "review", "stars"])
    for number, text in enumerate(TEXTS):
        book.active.append([number, text, number % 5 + 1])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"review": TEXTS, "stars": [number % 5 + 1 for number in range(len(TEXTS))]}), buffer)
    return buffer.getvalue()


def _pdf() -> bytes:
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer)
    for number, text in enumerate(TEXTS):
        sheet.drawString(50, 800 - 14 * number, f"{('Agent', 'Customer')[number % 2]}: {text}")
    sheet.save()
    return buffer.getvalue()


def _mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Änn <ann@x.example>", "support@y.example", "Größe"
    message["Date"], message["Message-ID"] = "Fri, 05 Jan 2024 10:32:11 +0100", "<1@x>"
    message.set_content(TEXTS[2])
    message.add_alternative(f"<p>{TEXTS[0]}</p><blockquote>x</blockquote>", subtype="html")
    message.add_attachment(b"x" * 50, maintype="application", subtype="pdf", filename="x.pdf")
    return message


def _mbox() -> bytes:
    with TemporaryDirectory() as folder:
        box = mailbox.mbox(Path(folder) / "box")
        for _ in range(3):
            box.add(_mail())
        box.close()
        return (Path(folder) / "box").read_bytes()


def _csv() -> bytes:
    return ("review,stars\n" + "".join(f'"{text}",{number % 5}\n' for number, text in enumerate(TEXTS))).encode()


MAKERS: dict[str, Callable[[], bytes]] = {
    "xlsx": _xlsx, "parquet": _parquet, "pdf": _pdf, "eml": lambda: bytes(_mail()), "mbox": _mbox, "csv": _csv,
    "csv.gz": lambda: gzip.compress(_csv()), "json": lambda: b'{"records": [{"text": "good"}, {"text": "bad"}]}',
    "ndjson": lambda: b'{"text": "good"}\n{"text": "bad"}\n',
    "txt": lambda: "\n".join(f"[00:00:{n:02}] {('Agent', 'Ann')[n % 2]}: {t}" for n, t in enumerate(TEXTS)).encode(),
}  # fmt: skip


@functools.cache
def sample(name: str) -> bytes:
    return MAKERS[name]()


def read(data: bytes, options: Options) -> ReadBody | BadFile:
    """A batch or a refusal, and how long that took is bounded."""
    began = time.perf_counter()
    try:
        return read_body(data, options)
    except BadFile as refused:
        assert refused.code and refused.detail and len(refused.errors) <= 20
        return refused
    finally:
        assert time.perf_counter() - began < PATIENCE_S


@pytest.mark.parametrize("name", MAKERS)
def test_the_whole_file_is_read(name: str) -> None:
    got = read(sample(name), Options(filename=f"x.{name}"))
    assert isinstance(got, ReadBody) and got.records > 0
    assert read(sample(name), Options()) == ReadBody(**{**vars(got), "options": Options()})


EDITS = st.lists(
    st.tuples(
        st.floats(0, 1), st.sampled_from(["flip", "cut", "insert", "repeat"]), st.binary(min_size=1, max_size=40)
    ),
    min_size=1,
    max_size=6,
)


def damaged(data: bytes, edits: list[tuple[float, str, bytes]]) -> bytes:
    for place, edit, extra in edits:
        at = int(place * len(data))
        match edit:
            case "flip":
                data = data[:at] + extra + data[at + len(extra) :]
            case "cut":
                data = data[:at] + data[at + 8 * len(extra) :]
            case "insert":
                data = data[:at] + extra + data[at:]
            case "repeat":
                data = data[:at] + data[at // 2 :]
    return data


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS, told=st.booleans())
def test_a_damaged_file_is_read_or_refused(name: str, edits: list[tuple[float, str, bytes]], told: bool) -> None:
    got = read(damaged(sample(name), edits), Options(filename=f"x.{name}" if told else ""))
    assert isinstance(got, ReadBody | BadFile)


MARKS = st.sampled_from([
    b"", b"PK\x03\x04", b"PAR1", b"%PDF-", b"\x1f\x8b", b"From x 10:00\n", b"From: a\nTo: b\nDate: c\n\n",
    b"\xd0\xcf\x11\xe0", b"{", b"[", b"\xff\xfe", b"\xef\xbb\xbf",
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400), name=st.sampled_from(["", *MAKERS]), mark=MARKS)
def test_any_bytes_behind_any_signature_are_read_or_refused(data: bytes, name: str, mark: bytes) -> None:
    end = b"PAR1" if mark == b"PAR1" else b""
    assert isinstance(read(mark + data + end, Options(filename=f"x.{name}")), ReadBody | BadFile)


LINES = st.lists(
    st.sampled_from([
        "", "Agent: hi", "Ann Ash  0:05", "[00:01] Bo: x", "----", "Date: 2024-01-05", "Ticket: 7", "so it was",
        "Customer:", "> quoted", "From: a@b.c", "Subject: x", "To: c@d.e", "From a 10:00", "a,b,c", "a;b", '"',
        "\x0c", "Re: x", "0:05", ": x", "é: ü",
    ]),
    max_size=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(lines=LINES, name=st.sampled_from(["", "txt", "csv", "eml", "mbox"]))
def test_any_lines_are_read_or_refused(lines: list[str], name: str) -> None:
    got = read("\n".join(lines).encode(), Options(filename=f"x.{name}"))
    if isinstance(got, ReadBody) and got.records == 0:
        assert got.set_aside_total == 0


def _one_subject(messages: int) -> bytes:
    """A desk's answers to as many customers, all under one subject and without references."""
    head = "From d@y.org Mon Mar  2 10:00:00 2026\nFrom: d@y.org\nTo: u{0}@x.org\nSubject: Re: a\n"
    return "".join(f"{head.format(number)}Message-ID: <{number}@x>\n\nx\n\n" for number in range(messages)).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"a: " * 300_000, b"[00:00:00] " * 100_000, b"A" * 1_000_000, (b"A b c d e" * 40 + b"\n") * 3_000,
        b"From: <" + b"a," * 300_000, b"Subject: " + b"Re: " * 200_000 + b"\nFrom: a@b.c\nTo: c@d.e\nDate: x\n\nx",
        b"From x 10:00\n\n" * 20_000, b"\n" * 1_000_000 + b"x", b"- " * 400_000, b'"' * 500_000, b"<" * 500_000,
        b"From: a@b.c\nTo: c@d.e\nDate: x\nReferences: " + b"<a@b> " * 100_000 + b"\n\nx",
        b"Dear x " * 200_000, b"1/1/1 1:1 " * 100_000, b"[" * 500_000, b"{" * 500_000, b"(a" * 300_000,
        b"From " + b"1:11 " * 60_000, _one_subject(20_000),
    ],
)  # fmt: skip
def test_lines_that_patterns_could_run_long_on_are_read_in_time(data: bytes) -> None:
    assert isinstance(read(data, Options()), ReadBody | BadFile)
    assert isinstance(read(data, Options(filename="x.eml")), ReadBody | BadFile)
