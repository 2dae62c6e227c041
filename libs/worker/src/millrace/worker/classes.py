"""The three worker classes as command lines of `celery worker`."""

from millrace.contracts.services import DEPLOYMENTS, Deployment, WorkerClass
from millrace.worker.errors import WorkerError
from millrace.worker.settings import GREENLETS_PER_SLOT

_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class UnknownDeployment(WorkerError):
    """No worker of this name is deployed."""


def deployment(name: str) -> Deployment:
    """The deployment of this name, such as `nlp` or `orchestrator-distribution`."""
    for each in DEPLOYMENTS:
        if each.name == name and each.worker_class is not WorkerClass.HTTP:
            return each
    raise UnknownDeployment(f"no worker is called {name!r}")


def arguments(of: Deployment, concurrency: int) -> list[str]:
    """Arguments for the interpreter. gevent patches only when Celery's own command line says `-P gevent`."""
    if of.worker_class is WorkerClass.TASK:
        pool = ["-P", "prefork", "-O", "fair", "-c", str(concurrency)]
    else:
        pool = ["-P", "gevent", "-c", str(concurrency * GREENLETS_PER_SLOT)]
    return [
        "-m", "millrace.worker.launch", f"millrace.{of.service}.app", "-Q", str(of.queue), "-n", f"{of.name}@%h",
        "-l", "INFO", *pool, *_QUIET,
    ]  # fmt: skip
