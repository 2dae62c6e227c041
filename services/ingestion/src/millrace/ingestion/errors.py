"""Errors of the ingestion service, and the HTTP status of each.

IngestionError (domain)
├── BadFile (domain)      422: the bytes hold no batch; 415 and 413 for some of its codes
└── RequestError
    ├── NotAuthenticated  401
    ├── BadRequest        400
    ├── NoPage            406: the report can be had as JSON only
    ├── UnknownFlow       422
    ├── BadCallbackUrl    422
    ├── KeyReused         422
    ├── UnknownStart      422
    ├── AlreadyEnded      409
    ├── StillActive       409
    ├── TooLarge          413
    ├── ChildFailed       503: a child that works for the request died or took too long
    ├── Overloaded        429, with Retry-After
    └── BrokerAway        503, with Retry-After
"""

from millrace.ingestion.domain.errors import BadFile, IngestionError

_BAD_FILE_STATUS = {"unsupported_format": 415, "too_many_records": 413, "expands_too_far": 413}


class RequestError(IngestionError):
    """A request that cannot be taken."""

    status = 400
    code = "bad_request"
    retry_after_s: int | None = None
    """Seconds after which the same request may be taken; sent as `Retry-After`."""


class NotAuthenticated(RequestError):
    """There is no API key, or nobody's."""

    status = 401
    code = "not_authenticated"


class ChildFailed(RequestError):
    """A child that works for the request died or took too long."""

    status = 503
    code = "unavailable"
    retry_after_s = 2


class BadRequest(RequestError):
    """An option does not fit."""


class NoPage(RequestError):
    """The report was written by a release whose contract is another: no page can be made of it."""

    status = 406
    code = "not_acceptable"


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


class UnknownStart(RequestError):
    """A redrive can begin at nothing of this name."""

    status = 422
    code = "unknown_start"


class AlreadyEnded(RequestError):
    """A run that has ended cannot be cancelled."""

    status = 409
    code = "already_ended"


class StillActive(RequestError):
    """A run that has not ended cannot be redriven."""

    status = 409
    code = "still_active"


class TooLarge(RequestError):
    """The body is larger than is taken inline."""

    status = 413
    code = "body_too_large"


class Overloaded(RequestError):
    """So much waits already that the run would spend its deadline on waiting. Nothing was accepted."""

    status = 429
    code = "overloaded"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BrokerAway(RequestError):
    """The message is not known to be published, and nothing else would send it."""

    status = 503
    code = "unavailable"
    retry_after_s = 2


def status_of(error: IngestionError) -> int:
    """The HTTP status that an error is answered with."""
    if isinstance(error, RequestError):
        return error.status
    return _BAD_FILE_STATUS.get(error.code, 422) if isinstance(error, BadFile) else 400
