"""Errors of the ingestion service, and the HTTP status of each.

IngestionError (domain)
├── BadFile (domain)      422: the bytes hold no batch; 415 and 413 for some of its codes
└── RequestError
    ├── NotAuthenticated  401
    ├── Forbidden         403: the key lacks a scope
    ├── BadRequest        400
    ├── KeyMissing        400
    ├── NoPage            406: the report can be had as JSON only
    ├── UnknownFlow       422
    ├── BadCallbackUrl    422
    ├── KeyReused         422
    ├── UnknownStart      422
    ├── InProgress        409, with Retry-After
    ├── AlreadyEnded, StillActive, EndpointExists, EndpointDisabled, NoCallback, StillPending  409
    ├── BadEndpointSecret 422
    ├── TooManyEndpoints  422
    ├── UploadOpen        409
    ├── UploadClaimed     409, with Retry-After
    ├── BadEventId        400
    ├── TooManyUploads    429, with Retry-After
    ├── TooManyStreams    429, with Retry-After
    ├── TooLarge          413
    ├── Busy              503, with Retry-After
    │   ├── BrokerAway
    │   ├── ChildFailed: no child was free in time
    │   │   └── ChildDied: a child that worked for the request was killed or took too long
    │   │       └── ChildBroken: the work broke the child; of a file it is a BadFile
    │   └── NoRoom: the bodies that are held take all the memory there is for them
    ├── BadCursor         422
    └── RateLimited       429, with Retry-After
        ├── QuotaUsedUp
        └── Overloaded
"""

from millrace.ingestion.domain.errors import BadFile, IngestionError

_BAD_FILE_STATUS = {
    "unsupported_format": 415, "media_type_mismatch": 415, "too_many_records": 413, "expands_too_far": 413,
    "file_too_large": 413, "upload_incomplete": 409,
}  # fmt: skip


class RequestError(IngestionError):
    """A request that cannot be taken."""

    status = 400
    code = "bad_request"
    retry_after_s: int | None = None
    """Seconds after which the same request may be taken; sent as `Retry-After`."""
    challenge: str | None = None
    """What kind of key is wanted; sent as `WWW-Authenticate` (RFC 9110 section 11.6.1)."""


class NotAuthenticated(RequestError):
    """There is no API key, or none that is valid. Nobody is told why: an answer would tell who has one."""

    status = 401
    code = "not_authenticated"
    challenge = "Bearer"


class Forbidden(RequestError):
    """The key is valid, but was not made for this."""

    status = 403
    code = "forbidden"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the key lacks the scope {scope}")
        # RFC 6750 section 3.1.
        self.challenge = f'Bearer error="insufficient_scope", scope="{scope}"'


class Busy(RequestError):
    """The request cannot be taken at this moment, through no fault of its own."""

    status = 503
    code = "unavailable"
    retry_after_s = 2


class ChildFailed(Busy):
    """No child could work for the request."""


class ChildDied(ChildFailed):
    """The child that worked for the request was killed or took too long."""


class ChildBroken(ChildDied):
    """The child that worked for the request came upon its limits, or crashed over it."""


class NoRoom(Busy):
    """The bodies of other requests take all the memory there is for them."""


class BadRequest(RequestError):
    """An option does not fit."""


class KeyMissing(RequestError):
    """A request that must be made once came without a usable idempotency key."""

    code = "idempotency_key_missing"


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


class InProgress(RequestError):
    """The first request with this idempotency key has not been answered yet."""

    status = 409
    code = "idempotency_key_in_progress"
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("the first request with this Idempotency-Key is still worked on; send it again for its answer")


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


class EndpointExists(RequestError):
    """The URL is registered already."""

    status = 409
    code = "endpoint_exists"


class EndpointDisabled(RequestError):
    """Nothing is delivered to the endpoint any more."""

    status = 409
    code = "endpoint_disabled"


class NoCallback(RequestError):
    """The run was never to be told to anyone."""

    status = 409
    code = "no_callback"


class StillPending(RequestError):
    """A callback that is to be delivered anyway cannot be asked for again."""

    status = 409
    code = "delivery_pending"


class BadEndpointSecret(RequestError):
    """The signing secret is none."""

    status = 422
    code = "bad_secret"


class TooManyEndpoints(RequestError):
    """The tenant has as many endpoints as it may have."""

    status = 422
    code = "too_many_endpoints"


class UploadOpen(RequestError):
    """Parts of the upload are missing."""

    status = 409
    code = "upload_incomplete"


class UploadClaimed(RequestError):
    """Another request makes a run of the upload."""

    status = 409
    code = "upload_claimed"
    retry_after_s = 2

    def __init__(self) -> None:
        super().__init__(
            "a request with another Idempotency-Key makes a run of the upload: repeat that one, or upload anew"
        )


class BadEventId(RequestError):
    """`Last-Event-ID` is no id of an event."""

    code = "bad_event_id"


class TooManyUploads(RequestError):
    """So many of the tenant's uploads wait for their runs already."""

    status = 429
    code = "too_many_uploads"
    retry_after_s = 60


class TooManyStreams(RequestError):
    """So many streams of events are open already."""

    status = 429
    code = "too_many_streams"
    retry_after_s = 5


class TooLarge(RequestError):
    """The body is larger than is taken inline."""

    status = 413
    code = "body_too_large"


class BadCursor(RequestError):
    """The cursor is none that a page was answered with."""

    status = 422
    code = "bad_cursor"


class RateLimited(RequestError):
    """Too many requests for the time. This one was not looked at."""

    status = 429
    code = "rate_limited"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class QuotaUsedUp(RateLimited):
    """The tenant has used up what it may in a day."""

    code = "quota_used_up"


class Overloaded(RateLimited):
    """So much waits already that the run would spend its deadline on waiting. Nothing was accepted."""

    code = "overloaded"


class BrokerAway(Busy):
    """The message is not known to be published, and nothing else would send it."""


def status_of(error: IngestionError) -> int:
    """The HTTP status that an error is answered with."""
    if isinstance(error, RequestError):
        return error.status
    return _BAD_FILE_STATUS.get(error.code, 422) if isinstance(error, BadFile) else 400
