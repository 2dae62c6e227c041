"""Requests that are tried again where that is safe, and answers with types."""

import random
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from pydantic import ValidationError

from millrace.client.errors import NO_ANSWER, BadAnswer, ProblemError, Refused, Unavailable
from millrace.contracts.api import Problem
from millrace.contracts.base import Message, now

BACKOFF_S = (0.2, 0.4, 0.8)
"""Pauses before the second, third and fourth try; each is cut to a random half to whole, so that callers spread."""
MAX_RETRY_AFTER_S = 10.0
"""A longer `Retry-After` is the caller's to decide on."""
RETRIED = frozenset({502, 503, 504})
"""Answers that may pass by themselves: a front without its server. What was sent may have been done all the same."""
IN_PROGRESS = "urn:millrace:problem:idempotency-key-in-progress"
"""The first try is still worked on; its answer can be had soon."""
TURNED_AWAY = 429
"""Too many requests or too much work (RFC 6585, 4): nothing was done, so trying again is safe for every request."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Faults before the request left: trying again is safe for every request."""

Model = TypeVar("Model", bound=Message)


def send(
    http: httpx.Client,
    request: httpx.Request,
    pause: Callable[[float], None],
    *,
    idempotent: bool,
    backoff_s: tuple[float, ...] = BACKOFF_S,
) -> httpx.Response:
    """The answer to a request, of whatever status below 400.

    Tried again after each backoff, or when the answer's `Retry-After` is over, where a second try cannot do anything
    twice. Raises Refused or Unavailable.
    """
    pauses = iter(backoff_s)
    while True:
        error: ProblemError
        try:
            return checked(http.send(request))
        except httpx.RequestError as fault:
            error = no_answer(request, fault)
            again = idempotent or isinstance(fault, NEVER_SENT)
        except ProblemError as answer:
            error = answer
            problem = answer.problem
            passing = problem.status in RETRIED or problem.type == IN_PROGRESS
            again = problem.status == TURNED_AWAY or (idempotent and passing)
        asked, backoff = error.retry_after_s or 0.0, next(pauses, None)
        if backoff is None or not again or asked > MAX_RETRY_AFTER_S:
            raise error
        pause(max(asked, backoff * random.uniform(0.5, 1.0)))  # noqa: S311 - spreads callers, guards nothing


def decode(response: httpx.Response, model: type[Model]) -> Model:
    """The answer as its contract has it; BadAnswer when it is something else."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        message = f"{_name(response.request)} answered with no {model.__name__}: {where}: {first['msg']}"
        # The cause would quote what it was given.
        raise BadAnswer(message) from None


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds that `Retry-After` asks for, given as a number or as a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=UTC) - now()).total_seconds())


def checked(response: httpx.Response) -> httpx.Response:
    """The answer, which was read, unless its status says that it is none: Refused, Unavailable or BadAnswer."""
    if response.is_success:
        return response
    if not response.is_error:
        raise BadAnswer(f"{_name(response.request)} answered {response.status_code}: is this the API's address?")
    problem = _problem(response)
    passing = response.is_server_error or response.status_code == TURNED_AWAY or problem.type == IN_PROGRESS
    raise (Unavailable if passing else Refused)(problem, retry_after_s(response))


def _problem(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        # Not ours but a proxy's: RFC 9457 has `about:blank` for an error that its status says all of.
        title = response.reason_phrase or f"HTTP {response.status_code}"
        return Problem(type="about:blank", title=title, status=response.status_code)


def no_answer(request: httpx.Request, fault: httpx.RequestError) -> Unavailable:
    """The error that says that none came."""
    detail = f"{_name(request)}: {fault or type(fault).__name__}"
    problem = Problem(
        type="urn:millrace:problem:no-answer", title="The API does not answer", status=NO_ANSWER, detail=detail
    )
    error = Unavailable(problem)
    error.__cause__ = fault
    return error


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.copy_with(query=None)}"
