"""`python -m millrace.ingestion`: serve the API."""

import uvicorn

from millrace.ingestion.settings import IngestionSettings


def main() -> None:
    """Serve until told to stop."""
    settings = IngestionSettings()  # type: ignore[call-arg]
    uvicorn.run(
        "millrace.ingestion.app:create", factory=True, host=settings.host, port=settings.port,
        fd=settings.listen_fd, log_config=None, access_log=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
