"""`python -m millrace.local.receiver FOLDER`: a consumer that verifies each callback's signature and keeps it.

Reads `MILLRACE_CALLBACK_SECRET` and `MILLRACE_LISTEN_FD` through its settings. Each callback becomes one JSON file in
the folder, named by its event id and the number of its arrival.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from millrace.contracts.base import now


class ReceiverSettings(BaseSettings):
    """Where to listen and what to verify with."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_", frozen=True, extra="ignore")

    callback_secret: str = Field(repr=False)
    listen_fd: int


def create(folder: Path, secret: str) -> FastAPI:
    """The consumer's one endpoint."""
    api = FastAPI()
    webhook = Webhook(secret)

    @api.post("/callback")
    async def callback(request: Request) -> JSONResponse:
        """Verify and keep one callback; 400 when the signature is not ours."""
        body = await request.body()
        headers = dict(request.headers)
        try:
            webhook.verify(body, headers)
        except WebhookVerificationError as error:
            return JSONResponse({"verified": False, "error": str(error)}, 400)
        _keep(folder, headers, body)
        return JSONResponse({"verified": True})

    return api


def _keep(folder: Path, headers: dict[str, str], body: bytes) -> None:
    event = headers["webhook-id"]
    kept: dict[str, Any] = {
        "received_at": now().isoformat(),
        "verified": True,
        "headers": {key: value for key, value in headers.items() if key.startswith("webhook-")},
        "body": json.loads(body),
    }
    arrival = len(list(folder.glob(f"{event}.*.json"))) + 1
    fresh = folder / f"{event}.new"
    fresh.write_text(json.dumps(kept, indent=2))
    fresh.replace(folder / f"{event}.{arrival}.json")
    sys.stdout.write(f"callback received {event} verified type={kept['body'].get('type')}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until told to stop."""
    settings = ReceiverSettings()  # type: ignore[call-arg]
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    uvicorn.run(create(folder, settings.callback_secret), fd=settings.listen_fd, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
