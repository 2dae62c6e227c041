"""Errors of the ingestion service, and the HTTP status of each.

IngestionError (domain)
├── BadFile (domain)      422: the bytes hold no batch; 415 and 413 for some of its codes
└── RequestError
    ├── NotAuthenticated  401
    ├── BadRequest        400
    ├── UnknownFlow       422
    ├── BadCallbackUrl    422
    ├── KeyReused         422
    └── TooLarge          413
"""

from millrace.ingestion.domain.errors import BadFile, IngestionError

_BAD_FILE_STATUS = {"unsupported_format": 415, "too_many_records": 413}


class RequestError(IngestionError):
    """A request that cannot be taken."""

    status = 400
    code = "bad_request"


class NotAuthenticated(RequestError):
    """There is no API key, or nobody's."""

    status = 401
    code = "not_authenticated"


class BadRequest(RequestError):
    """An option does not fit."""


class UnknownFlow(RequestError):
    """No flow of that name runs here."""

    status = 422
    code = "unknown_flow"


class BadCallbackUrl(RequestError):
    """The callback URL may not be called."""

    status = 422
    code = "bad_callback_url"


class KeyReused(RequestError):
    """The idempotency key belongs to another request."""

    status = 422
    code = "idempotency_key_reused"


class TooLarge(RequestError):
    """The body is larger than is taken inline."""

    status = 413
    code = "body_too_large"


def status_of(error: IngestionError) -> int:
    """The HTTP status that an error is answered with."""
    if isinstance(error, RequestError):
        return error.status
    return _BAD_FILE_STATUS.get(error.code, 422) if isinstance(error, BadFile) else 400
