"""The routes that ask something of a run: cancel and redrive."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from millrace.contracts.access import Scope
from millrace.contracts.api import Asked, CancelRequest, RedriveRequest
from millrace.ingestion.auth import Caller, KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.documented import responses
from millrace.ingestion.limited import read_model, takes
from millrace.ingestion.run_ids import RunInPath


def add_control(api: APIRouter, keys: KeyRing, control: Control) -> None:
    """Offer `POST /runs/{id}/cancel` and `POST /runs/{id}/redrive`."""
    controller = Annotated[Caller, Depends(keys.needs(Scope.RUNS_CONTROL))]

    errors = responses(404, 409, 413, 422)

    @api.post(
        "/runs/{run_id}/cancel", status_code=202, response_model=Asked, responses=errors,
        openapi_extra=takes(CancelRequest),
    )  # fmt: skip
    async def cancel_run(request: Request, caller: controller, run_id: RunInPath) -> Asked:
        """End the run now. It takes effect before its next part starts."""
        wanted = await read_model(request, CancelRequest)
        return await run_in_threadpool(control.cancel, caller.tenant, run_id, wanted.reason)

    @api.post(
        "/runs/{run_id}/redrive", status_code=202, response_model=Asked, responses=errors,
        openapi_extra=takes(RedriveRequest),
    )  # fmt: skip
    async def redrive_run(request: Request, caller: controller, run_id: RunInPath) -> Asked:
        """Run an ended run again: what failed or is missing, or from a stage or step on. Counts as a run of the day."""
        wanted = await read_model(request, RedriveRequest)
        give_back = await keys.reserve(caller.tenant)
        try:
            return await run_in_threadpool(control.redrive, caller.tenant, run_id, wanted.start)
        except Exception:
            await give_back()
            raise
