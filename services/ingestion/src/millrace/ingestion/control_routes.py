"""The routes that ask something of a run: cancel and redrive."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from millrace.contracts.access import Scope
from millrace.contracts.api import Asked, CancelRequest, RedriveRequest
from millrace.contracts.ids import RUN_ID
from millrace.ingestion.auth import Caller, KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.limited import read_limited
from millrace.storage.errors import NotFound

MAX_BODY_BYTES = 4096
"""Far more than a reason of 200 characters takes."""

Model = TypeVar("Model", bound=BaseModel)


def add_control(api: APIRouter, keys: KeyRing, control: Control) -> None:
    """Offer `POST /runs/{id}/cancel` and `POST /runs/{id}/redrive`."""
    controller = Annotated[Caller, Depends(keys.needs(Scope.RUNS_CONTROL))]

    @api.post("/runs/{run_id}/cancel", status_code=202, response_model=Asked, openapi_extra=_takes(CancelRequest))
    async def cancel(request: Request, caller: controller, run_id: str) -> Asked:
        """End the run now. It takes effect before its next part starts."""
        wanted = await _read(request, CancelRequest)
        return await run_in_threadpool(control.cancel, caller.tenant, _known(run_id), wanted.reason)

    @api.post("/runs/{run_id}/redrive", status_code=202, response_model=Asked, openapi_extra=_takes(RedriveRequest))
    async def redrive(request: Request, caller: controller, run_id: str) -> Asked:
        """Run an ended run again: what failed or is missing, or from a stage or step on."""
        wanted = await _read(request, RedriveRequest)
        return await run_in_threadpool(control.redrive, caller.tenant, _known(run_id), wanted.start)


def _known(run_id: str) -> str:
    if not RUN_ID.match(run_id):
        raise NotFound("no such run")
    return run_id


async def _read(request: Request, model: type[Model]) -> Model:
    """The body as its contract has it; an empty one asks for nothing in particular."""
    data = await read_limited(request, MAX_BODY_BYTES)
    try:
        return model.model_validate_json(data or b"{}")
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


def _takes(model: type[BaseModel]) -> dict[str, object]:
    """The body in the API's description: it is read here, so that its size is bounded."""
    return {"requestBody": {"content": {"application/json": {"schema": model.model_json_schema()}}}}
