"""`python -m millrace.local.receiver FOLDER`: a consumer that verifies each callback's signature and keeps it.

Each callback becomes one JSON file in the folder, named by its event id and the number of its arrival.
"""

import json
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from millrace.contracts.base import now
from millrace.local.settings import ReceiverSettings

MAX_BODY = 64 * 1024


def create(folder: Path, secret: str, listener: socket.socket) -> ThreadingHTTPServer:
    """The consumer over a socket that listens already: POST keeps a signed callback, anything else is 405 or 400."""
    webhook = Webhook(secret)

    class Consumer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length", 0)), MAX_BODY))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                webhook.verify(body, headers)
            except WebhookVerificationError as error:
                self._answer(400, {"verified": False, "error": str(error)})
            else:
                _keep(folder, headers, body)
                self._answer(200, {"verified": True})

        def do_GET(self) -> None:
            self._answer(405, {"error": "callbacks are posted"})

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """What arrived is told by `_keep`."""

    server = ThreadingHTTPServer(listener.getsockname(), Consumer, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    return server


def _keep(folder: Path, headers: dict[str, str], body: bytes) -> None:
    event = headers["webhook-id"]
    kept: dict[str, Any] = {
        "received_at": now().isoformat(),
        "verified": True,
        "headers": {key: value for key, value in headers.items() if key.startswith(("webhook-", "traceparent"))},
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
    create(folder, settings.callback_secret, socket.socket(fileno=settings.listen_fd)).serve_forever()


if __name__ == "__main__":
    main()
