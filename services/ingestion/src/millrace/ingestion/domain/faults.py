"""Validation errors as rows, fields and reasons that hold no value of the record."""

import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from millrace.contracts.api import SetAside

NOTHING_SAID = "neither text nor rating"
OFF_SCALE = "the rating is not a number on its scale"

_RULES = {"rating": OFF_SCALE, "created_at": "a time must carry its zone", "attrs": "too many attributes"}
"""Own words for the contracts' own checks: a message that quotes the value must not leave the service."""

_PLAIN_KEY = re.compile(r"[\w .-]{1,64}\Z")
"""Keys of attributes are the producer's: one that may hold more than a name is shown as `?`."""


def record_faults(error: ValidationError, row: int) -> tuple[SetAside, ...]:
    """Why one record is invalid: one entry per field."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(_fault(detail, row) for detail in details)


def option_faults(error: ValidationError) -> tuple[SetAside, ...]:
    """Why a request's options are invalid."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(SetAside(row=0, field=_place(detail), reason=detail["msg"]) for detail in details)


def _fault(detail: ErrorDetails, row: int) -> SetAside:
    field = _place(detail)
    if detail["type"] != "value_error":
        return SetAside(row=row, field=field, reason=detail["msg"])
    fallback = "not acceptable" if field else NOTHING_SAID
    return SetAside(row=row, field=field, reason=_RULES.get(field, fallback))


def _place(detail: ErrorDetails) -> str:
    return ".".join(str(key) if _PLAIN_KEY.match(str(key)) else "?" for key in detail["loc"])
