"""`python -m millrace.worker NAME`: become the Celery worker of that deployment."""

import os
import sys

from millrace.worker.classes import arguments, deployment
from millrace.worker.errors import WorkerError
from millrace.worker.settings import CHILD_ENVIRONMENT, WorkerSettings, process_environment


def main() -> None:
    """Replace this process by the worker, so that signals reach Celery itself."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m millrace.worker DEPLOYMENT")
    try:
        of = deployment(sys.argv[1])
    except WorkerError as error:
        sys.exit(str(error))
    command = [sys.executable, *arguments(of, WorkerSettings().concurrency)]  # type: ignore[call-arg]
    os.execve(sys.executable, command, process_environment() | CHILD_ENVIRONMENT)  # noqa: S606 - fixed arguments


if __name__ == "__main__":
    main()
