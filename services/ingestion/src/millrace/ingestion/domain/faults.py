"""Validation errors as rows, fields and reasons that hold no value of the record."""

import re
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from millrace.contracts.api import SetAside
from millrace.ingestion.domain.parsed import MAX_LISTED

NOTHING_SAID = "neither text nor rating"
OFF_SCALE = "the rating is not a number on its scale"

_RULES = {"rating": OFF_SCALE, "created_at": "a time must carry its zone", "attrs": "too many attributes"}
"""Own words for the contracts' own checks: a message that quotes the value must not leave the service."""

_PLAIN_KEY = re.compile(r"[\w .-]{1,64}\Z")


def record_faults(error: ValidationError, row: int) -> tuple[SetAside, ...]:
    """Why one record is invalid: one entry per field."""
    return tuple(_fault(detail, detail["loc"], row) for detail in _details(error))


def request_faults(error: ValidationError) -> tuple[SetAside, ...]:
    """Why a request with `records` is invalid; row 0 stands for the request itself. At most `MAX_LISTED`."""
    return tuple(_request_fault(detail) for detail in _details(error)[:MAX_LISTED])


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _request_fault(detail: ErrorDetails) -> SetAside:
    match detail["loc"]:
        case ("records", int(index), *inner):
            return _fault(detail, inner, index + 1)
        case location:
            return _fault(detail, location, 0)


def _fault(detail: ErrorDetails, location: Iterable[int | str], row: int) -> SetAside:
    field = ".".join(str(key) if _PLAIN_KEY.match(str(key)) else "?" for key in location)
    if detail["type"] != "value_error":
        return SetAside(row=row, field=field, reason=detail["msg"])
    fallback = "not acceptable" if field else NOTHING_SAID
    return SetAside(row=row, field=field, reason=_RULES.get(field, fallback))
