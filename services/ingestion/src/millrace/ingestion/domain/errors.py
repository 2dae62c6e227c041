"""Errors of the ingestion service's parsing.

IngestionError
└── BadFile      the bytes hold no batch: refused whole, with a machine key and the rows at fault
"""

from millrace.contracts.api import SetAside


class IngestionError(Exception):
    """A batch could not be taken in."""


class BadFile(IngestionError):
    """The bytes cannot be read as records.

    `code` is a stable key in snake case, `detail` says in words what to change, `errors` lists at most 20 rows.
    Neither holds a value out of a record: those are personal. Headers and field names are quoted.

    Codes: `no_records`, `no_usable_rows`, `no_text_or_rating`, `no_text_in_pages`, `unsupported_format`, `unreadable`,
    `unreadable_file`, `media_type_mismatch`, `encrypted_file`, `expands_too_far`, `not_json`, `invalid_records`,
    `invalid_options`, `too_many_records`, `too_many_columns`, `field_too_long`, `unreadable_rows`, `unknown_field`,
    `unknown_column`, `unknown_scale`, `no_scale`, `mapping_without_columns`.
    """

    def __init__(self, code: str, detail: str, errors: tuple[SetAside, ...] = ()) -> None:
        # All three are the exception's arguments, so that it survives the way out of a child process.
        super().__init__(code, detail, errors)
        self.code = code
        self.detail = detail
        self.errors = errors

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"
