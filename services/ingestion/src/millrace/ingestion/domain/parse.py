"""The door of parsing: bytes and what is said about them, to records or a refusal."""

from millrace.ingestion.domain.columnar import parse_parquet
from millrace.ingestion.domain.decoding import decode
from millrace.ingestion.domain.documents import parse_lines, parse_records, records_in
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.formats import is_blank, recognise
from millrace.ingestion.domain.mail import parse_mail
from millrace.ingestion.domain.pages import parse_pdf
from millrace.ingestion.domain.parsed import Options, Parsed
from millrace.ingestion.domain.tabular import parse_delimited
from millrace.ingestion.domain.transcript import parse_text
from millrace.ingestion.domain.workbook import parse_workbook


def parse(data: bytes, media_type: str = "", filename: str = "", options: Options | None = None) -> Parsed:
    """The records in `data`, whatever its format: told by its content, its media type or its name.

    Takes any bytes: the answer is a `Parsed`, without records where the file has no rows, or BadFile.
    """
    format, charset = recognise(data, media_type, filename)
    return parse_as(format, data, options or Options(), charset)


def parse_as(format: str, data: bytes, options: Options, charset: str = "") -> Parsed:
    """The records in a file whose format is known (`formats.recognise`)."""
    if is_blank(data) and format not in ("json", "ndjson"):
        return parse_delimited(b"", Options(), format)
    match format:
        case "csv" | "tsv":
            return parse_delimited(data, options, format, charset)
        case "xlsx":
            return parse_workbook(data, options)
        case "parquet":
            return parse_parquet(data, options)
    _refuse_columns(format, options)
    match format:
        case "json":
            return parse_records(data)
        case "ndjson":
            return parse_lines(data)
        case "pdf":
            return parse_pdf(data)
        case "text":
            decoded = decode(data, charset)
            return parse_text(decoded.text, format, decoded.notes)
    return parse_mail(data, format)


def parse_document(document: object, options: Options) -> Parsed:
    """The records in a JSON document that was loaded already (`documents.load`)."""
    _refuse_columns("json", options)
    return records_in(document)


def _refuse_columns(format: str, options: Options) -> None:
    if options.mapping or options.scale:
        raise BadFile("mapping_without_columns", f"a mapping or scale applies to files with columns, not to {format}")
