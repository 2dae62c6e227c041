"""Every error of the API as problem details (RFC 9457), the framework's own included."""

from collections.abc import Sequence
from http import HTTPMethod, HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from millrace.contracts.api import Problem, SetAside
from millrace.ingestion.answers import Answers
from millrace.ingestion.documented import PROBLEM
from millrace.ingestion.domain.errors import BadFile, IngestionError
from millrace.ingestion.errors import NotAuthenticated, RequestError, status_of
from millrace.storage.errors import BadLink, Conflict, NotFound, Shredded, StorageError
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

_DETAILS = {
    404: "there is no such path",
    405: "the path takes other methods: see Allow",
}
"""Of the framework's own errors; what it says itself may quote the request."""
AWAY = "a store does not answer; what was asked for may have been done: a run may be sent again under its key"
FAILED = "the request failed; what was asked for may have been done"
"""What a write did whose answer was lost, nobody knows."""


def problem(
    request: Request, status: int, code: str, detail: str = "", errors: Sequence[SetAside] = (), **headers: str
) -> Response:
    """A problem answer. `code` becomes the stable type; `errors` names rows and fields, never their values."""
    body = Problem(
        type=f"urn:millrace:problem:{code}", title=HTTPStatus(status).phrase, status=status, detail=detail,
        instance=request.url.path, request_id=request.state.request_id, errors=tuple(errors)[:20],
    )  # fmt: skip
    _tell(request, status, code)
    return Response(body.model_dump_json(), status, headers, PROBLEM)


def _tell(request: Request, status: int, code: str) -> None:
    """One line for each problem, under the id that its caller can quote. Nothing in it is the caller's own text."""
    about = {
        "action": "request_refused", "request_id": request.state.request_id,
        "method": request.method if request.method in HTTPMethod.__members__ else "",
        "path": getattr(request.scope.get("route"), "path", ""), "status_code": status, "code": code,
    }  # fmt: skip
    log.info("request_refused", extra=about)


def _about(request: Request, action: str) -> dict[str, str]:
    return {"action": action, "request_id": request.state.request_id, "path": request.url.path}


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
            given = {"Retry-After": error.retry_after_s, "WWW-Authenticate": error.challenge}
            headers = {name: str(value) for name, value in given.items() if value is not None}
        return problem(request, status_of(error), code.replace("_", "-"), detail, rows, **headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [SetAside(row=0, field=".".join(map(str, each["loc"])), reason=each["msg"]) for each in error.errors()]
        return problem(request, 422, "invalid-parameter", "a parameter does not fit", errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        headers = {"Allow": ", ".join(allowed(request))} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else {}
        return problem(request, error.status_code, code, _DETAILS.get(error.status_code, ""), (), **headers)

    app.add_middleware(Answers, crashed=crashed)


def allowed(request: Request) -> list[str]:
    """The methods that a path takes. The framework's own `Allow` names those of one of its routes only."""
    matching = [route for route in request.app.routes if route.matches(dict(request.scope))[0] is not Match.NONE]
    return sorted({method for route in matching for method in getattr(route, "methods", None) or ()})


def crashed(request: Request, error: Exception) -> Response:
    """The answer when the API itself is at fault: nothing of the error is in it."""
    log.error("request_crashed", extra=_about(request, "request_crashed"), exc_info=error)
    return problem(request, 500, "internal", FAILED)


def _of_the_stores(app: FastAPI) -> None:
    @app.exception_handler(NotFound)
    async def _not_found(request: Request, error: NotFound) -> Response:
        return problem(request, 404, "not-found", "there is nothing here for this key")

    @app.exception_handler(Shredded)
    async def _shredded(request: Request, error: Shredded) -> Response:
        # Its keys are refused like any other that opens nothing, as soon as they are no longer remembered.
        headers = {"WWW-Authenticate": NotAuthenticated.challenge or ""}
        return problem(request, 401, "not-authenticated", "the key opens nothing any more", (), **headers)

    @app.exception_handler(BadLink)
    async def _bad_link(request: Request, error: BadLink) -> Response:
        return problem(request, 403, "bad-link", f"{error}; ask for the report with an API key")

    @app.exception_handler(Conflict)
    async def _conflict(request: Request, error: Conflict) -> Response:
        detail = "something else changed it at the same time; look at it and ask again"
        return problem(request, 409, "conflict", detail, (), **{"Retry-After": "1"})

    @app.exception_handler(StorageError)
    async def _storage(request: Request, error: StorageError) -> Response:
        log.error("storage_failed", extra=_about(request, "storage_failed") | {"error": str(error)})
        if error.retryable:
            return problem(request, 503, "unavailable", AWAY, (), **{"Retry-After": "2"})
        return problem(request, 500, "internal", FAILED)
