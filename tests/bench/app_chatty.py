"""The no-op part that now and then has an error to report, so that error reports are in the way too if they can be.

Its worker tells how long each message took.
"""

from itertools import count
from typing import Final

from tests.bench import timed
from tests.bench.noop import TASK, do_nothing

from millrace.contracts.inputs import BuildRatings
from millrace.contracts.services import WorkerClass
from millrace.telemetry.logs import get_logger
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.service import build_service

EVERY: Final = 20
log = get_logger(__name__)
service = build_service("bench_parts", WorkerClass.TASK)
app = service.app
_number = count(1)


def grumble(request: BuildRatings, part: Part) -> Result:
    """Do nothing, and complain of every twentieth part."""
    if next(_number) % EVERY == 0:
        log.error("part_grumbled", extra={"action": "part_grumbled"})
    return do_nothing(request, part)


register_part(app, TASK, grumble, service.stores.artifacts)
service.prepare()
timed.tell(service)
