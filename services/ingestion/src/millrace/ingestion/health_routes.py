"""The routes that tell a supervisor how the service is. They need no key and tell nobody anything else."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from millrace.contracts.artifacts import JSON
from millrace.contracts.base import Message
from millrace.ingestion.documented import errors
from millrace.ingestion.problems import problem


class Health(Message):
    """How the service is."""

    status: Literal["ok", "ready"]


def add_health(api: APIRouter | FastAPI, flows: Callable[[], Mapping[str, Any]]) -> None:
    """Offer `GET /healthz` and `GET /readyz`."""

    @api.get("/healthz", response_model=Health)
    async def get_health() -> Health:
        """The process answers."""
        return Health(status="ok")

    @api.get("/readyz", response_model=Health, responses=errors(503))
    def get_readiness(request: Request) -> Response:
        """Batches can be accepted: the stores answer and a flow is known."""
        if flows():
            return Response(Health(status="ready").model_dump_json(), media_type=JSON)
        return problem(request, 503, "not-ready", "no flow is published yet", (), **{"Retry-After": "1"})
