"""Every error of the API as problem details (RFC 9457), the framework's own included."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from millrace.contracts.api import Problem, SetAside
from millrace.ingestion.domain.errors import BadFile, IngestionError
from millrace.ingestion.errors import RequestError, status_of
from millrace.storage.errors import BadLink, NotFound, StorageError
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


def problem(
    request: Request, status: int, code: str, detail: str = "", errors: Sequence[SetAside] = (), **headers: str
) -> Response:
    """A problem answer. `code` becomes the stable type; `errors` names rows and fields, never their values."""
    body = Problem(
        type=f"urn:millrace:problem:{code}", title=HTTPStatus(status).phrase, status=status, detail=detail,
        instance=request.url.path, errors=tuple(errors)[:20],
    )  # fmt: skip
    return Response(body.model_dump_json(), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Turn every exception that a route may raise into a problem."""
    _of_the_stores(app)

    @app.exception_handler(IngestionError)
    async def _refused(request: Request, error: IngestionError) -> Response:
        code, detail = "bad-request", str(error)
        rows: tuple[SetAside, ...] = ()
        headers: dict[str, str] = {}
        if isinstance(error, BadFile):
            code, detail, rows = error.code, error.detail, error.errors
        elif isinstance(error, RequestError):
            code = error.code
            headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s is not None else {}
        return problem(request, status_of(error), code.replace("_", "-"), detail, rows, **headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [SetAside(row=0, field=".".join(map(str, each["loc"])), reason=each["msg"]) for each in error.errors()]
        return problem(request, 422, "invalid-parameter", "a parameter does not fit", errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        headers = {key: value for key, value in (error.headers or {}).items() if key.lower() == "allow"}
        return problem(request, error.status_code, code, "", (), **headers)

    @app.exception_handler(Exception)
    async def _crashed(request: Request, error: Exception) -> Response:
        log.exception("request_crashed", extra={"action": "request_crashed", "path": request.url.path})
        return problem(request, 500, "internal", "the request failed; it was not accepted")


def _of_the_stores(app: FastAPI) -> None:
    @app.exception_handler(NotFound)
    async def _not_found(request: Request, error: NotFound) -> Response:
        return problem(request, 404, "not-found", "there is nothing here for this key")

    @app.exception_handler(BadLink)
    async def _bad_link(request: Request, error: BadLink) -> Response:
        return problem(request, 403, "bad-link", f"{error}; ask for the report with an API key")

    @app.exception_handler(StorageError)
    async def _storage(request: Request, error: StorageError) -> Response:
        log.error("storage_failed", extra={"action": "storage_failed", "error": str(error), "path": request.url.path})
        if error.retryable:
            detail = "a store does not answer; try again"
            return problem(request, 503, "unavailable", detail, (), **{"Retry-After": "2"})
        return problem(request, 500, "internal", "the request failed; it was not accepted")
