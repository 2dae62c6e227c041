"""A corpus of files that somebody made to do harm. Made here, by their names: nothing of it is kept on a disk."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping

import openpyxl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from reportlab.pdfgen import canvas

MIB = 1 << 20
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a0 "lol">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]>"
)
XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def workbook() -> bytes:
    """A small one that is good."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (("review", "stars"), ("Lovely and soft", 5), ("Too small", 2), ("Fine", 4)):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def with_part(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
        for info in good.infolist():
            data = good.read(info)
            bad.writestr(info.filename, change(data) if info.filename == name else data)
    return out.getvalue()


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP file of these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def parquet() -> bytes:
    """A small one that is good."""
    out = io.BytesIO()
    pq.write_table(pa.table({"review": ["fine", "good"] * 50, "stars": [1, 5] * 50}), out)
    return out.getvalue()


def wide_parquet() -> bytes:
    """Five thousand columns of nothing, each with its own metadata."""
    out = io.BytesIO()
    pq.write_table(pa.table({f"c{number}": [1] for number in range(5_000)}), out)
    return out.getvalue()


def packed_parquet() -> bytes:
    """One long text, twenty thousand times by reference."""
    out = io.BytesIO()
    column = pa.array(["x" * 20_000] * 20_000).dictionary_encode()
    pq.write_table(pa.table({"review": column}), out, compression="zstd")
    return out.getvalue()


def lying_parquet() -> bytes:
    """A footer that says it is longer than anything."""
    good = parquet()
    return good[:-8] + b"\xff\xff\xff\x7f" + good[-4:]


def pdf() -> bytes:
    """A small one that is good."""
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for number in range(10):
        page.drawString(50, 800 - 14 * number, f"{('Agent', 'Customer')[number % 2]}: hello there")
    page.save()
    return out.getvalue()


def pdf_of(*objects: bytes) -> bytes:
    """A file of these objects; the first is its catalogue."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    return body + head + table + end


def stream(data: bytes) -> bytes:
    """A compressed stream."""
    packed = zlib.compress(data, 9)
    return b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)


def pdf_page(content: bytes) -> bytes:
    """A file of one page with this content."""
    catalogue, pages = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 9 9]/Resources<<>>>>"
    return pdf_of(catalogue, pages, page, content)


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
_RECORD = b'{"text": "x", "rating": {"scale": "stars5", "value": %s}}'

FILES: dict[str, Callable[[], bytes]] = {
    "zip bomb": lambda: with_part(SHEET, lambda _: bytes(200 * MIB)),
    "nested bomb": lambda: zipped({f"{n}.zip": zipped({"0": bytes(30 * MIB)}) for n in range(16)}),
    "workbook of workbooks": lambda: zipped({"xl/workbook.xml": b"", "xl/a.xlsx": zipped({"0": bytes(30 * MIB)})}),
    "ten thousand parts": lambda: zipped({"xl/workbook.xml": b"", **{f"xl/{n}.xml": b"" for n in range(10_000)}}),
    "gzip bomb": lambda: gzip.compress(bytes(300 * MIB), 9),
    "gzip in gzip": lambda: gzip.compress(gzip.compress(bytes(300 * MIB), 9)),
    "XXE": lambda: with_part(SHEET, lambda xml: XXE + xml.partition(b"?>")[2].replace(b"stars", b"&e;")),
    "XXE in strings": lambda: with_part(STRINGS, lambda xml: XXE + xml.replace(b"stars", b"&e;")),
    "billion laughs": lambda: with_part(STRINGS, lambda xml: LAUGHS + xml.replace(b"stars", b"&a9;")),
    "billion laughs in the sheet": lambda: with_part(SHEET, lambda xml: LAUGHS + xml.replace(b"<v>", b"<v>&a9;")),
    "far corner": lambda: with_part(SHEET, lambda xml: xml.replace(b'r="A2"', b'r="XFD1048576"')),
    "deep XML": lambda: with_part(SHEET, lambda xml: b"<a>" * 1_000_000),
    "a million columns": lambda: b",".join([b"c"] * 1_000_000) + b"\n" + b",".join([b"1"] * 1_000_000),
    "a million rows of commas": lambda: b",,,\n" * 1_000_000,
    "a million rows": lambda: b"review\n" + b"x\n" * 1_000_000,
    "an open quote": lambda: b'review,stars\n"' + b"x,1\n" * 1_000_000,
    "NUL bytes": lambda: b"review,stars\n" + b"\0" * MIB,
    "NUL in cells": lambda: b"review,stars\n" + b"fi\0ne and good and soft and warm and all one could want,5\n" * 999,
    "wrong encoding": lambda: b"review,stars\n" + bytes(range(128, 256)) * 100 + b",5\n",
    "half of UTF-16": lambda: "review,stars\nfine,5\n".encode("utf-16")[:-1],
    "lone surrogates": lambda: b'{"records": [{"text": "\\ud800"}]}',
    "surrogates in UTF-8": lambda: b"review,stars\n" + b"\xed\xa0\x80 x,5\n" * 100,
    "CSV formulas": lambda: b"review,stars\n=HYPERLINK(1),5\n+1+cmd|' /C calc'!A0,4\n@SUM(1),3\n-2+3,1\n",
    "deep JSON": lambda: b"[" * 3 * MIB,
    "deep JSON in a record": lambda: b'{"records": [{"text": ' + b'{"a":' * 1_000_000,
    "huge number": lambda: b'{"records": [%s]}' % (_RECORD % (b"9" * 3 * MIB)),
    "huge exponent": lambda: b'{"records": [%s]}' % (_RECORD % b"1e999999999"),
    "duplicate keys": lambda: b'{"records": [{' + b'"text": "x", ' * 200_000 + b'"record_id": "1"}]}',
    "a key of 3 MiB": lambda: b'{"' + b"k" * 3 * MIB + b'": 1, "records": []}',
    "a million empty records": lambda: b'{"records": [' + b"{}," * 1_000_000 + b"{}]}",
    "a record of many attributes": lambda: b'[{"text": "x", "attrs": {' + b",".join(
        b'"k%d": "v"' % n for n in range(200_000)) + b"}}]",
    "lines of nothing": lambda: b"{}\n" * 1_000_000,
    "MBOX of a million headers": lambda: b"From a 10:00\nFrom: a@b.c\n" + b"X-A: b\n" * 1_000_000 + b"\nx\n",
    "MBOX of 20,001 messages": lambda: b"From a 10:00\nFrom: a@b.c\nSubject: x\n\nx\n\n" * 20_001,
    "MBOX of a folded header": lambda: b"From a 10:00\nSubject: x\n" + b" y\n" * 1_000_000 + b"\nx\n",
    "a mail of nested parts": lambda: b"From: a@b.c\nTo: b@c.d\nDate: x\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)),
    "a mail of encoded words": lambda: b"From: a@b.c\nTo: b@c.d\nDate: x\nSubject: " + b"=?utf-8?q?x?= " * 200_000,
    "PDF that is its own parent": lambda: pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9999>>"),
    "PDF of too many pages": lambda: pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%s]/Count 5000>>" % (b"3 0 R " * 5_000),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"),
    "PDF with a huge stream": lambda: pdf_page(stream(bytes(300 * MIB))),
    "PDF with a stream of text": lambda: pdf_page(stream(b"BT (x) Tj ET\n" * 3_000_000)),
    "PDF of nested arrays": lambda: pdf_page(stream(b"[" * 1_000_000)),
    "PDF without a table": lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 100_000,
    "Parquet of 5,000 columns": wide_parquet,
    "Parquet of one text": packed_parquet,
    "Parquet with a lying footer": lying_parquet,
    **{f"{name} cut off": lambda make=make: make()[: len(make()) // 2] for name, make in {
        "workbook": workbook, "Parquet": parquet, "PDF": pdf, "gzip": lambda: gzip.compress(b"review\nfine\n" * 99),
    }.items()},
}  # fmt: skip
"""What it does → the file."""
