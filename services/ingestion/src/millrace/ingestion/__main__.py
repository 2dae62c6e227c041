"""`python -m millrace.ingestion`: serve the API."""

import socket

import uvicorn

from millrace.ingestion.connections import BoundedProtocol
from millrace.ingestion.settings import IngestionSettings


def serve(app: str) -> None:
    """Serve what a factory makes (`module:function`) until told to stop."""
    settings = IngestionSettings()
    config = uvicorn.Config(
        app, factory=True, host=settings.host, port=settings.port, loop="uvloop", http=BoundedProtocol,
        ws="none", log_config=None, access_log=False, server_header=False,
        proxy_headers=bool(settings.trusted_proxies), forwarded_allow_ips=settings.trusted_proxies,
    )  # fmt: skip
    # uvicorn's own `fd` takes the socket for a Unix one (https://github.com/Kludex/uvicorn/issues/295), so that
    # TCP_NODELAY stays off and each answer waits 40 ms for the client's delayed acknowledgement.
    handed = [socket.socket(fileno=settings.listen_fd)] if settings.listen_fd is not None else None
    uvicorn.Server(config).run(sockets=handed)


if __name__ == "__main__":
    serve("millrace.ingestion.app:create")
