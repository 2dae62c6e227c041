"""`python -m millrace.worker.launch APP ARGUMENT…`: Celery's own `worker` command, without its other commands.

`python -m celery` imports every command it has, a read-eval-print loop among them: 0.4 s of CPU for each worker that
starts. gevent patches by looking at the command line, first of all, exactly as Celery's entry point does it.
"""

import gc
import sys

# Looking for garbage while modules are loaded costs a tenth of a start; `process.prepare` switches it on again.
gc.disable()

from celery import maybe_patch_concurrency  # noqa: E402 - after the line above


def main(arguments: list[str]) -> None:
    """Run the worker of the app in the module `arguments[0]` until it is told to stop."""
    from celery.app.utils import find_app
    from celery.bin.base import CLIContext
    from celery.bin.worker import worker

    context = CLIContext(app=find_app(arguments[0]), no_color=True, workdir=None, quiet=True)
    worker.main(arguments[1:], prog_name="millrace worker", obj=context)


if __name__ == "__main__":
    maybe_patch_concurrency()
    main(sys.argv[1:])
