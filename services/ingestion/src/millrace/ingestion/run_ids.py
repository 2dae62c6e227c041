"""The id of a run in a route's path."""

from typing import Annotated

from fastapi import Depends

from millrace.contracts.ids import RUN_ID
from millrace.storage.errors import NotFound


async def _known(run_id: str) -> str:
    """What is no id is answered like an id that nobody has: 404. Not in a thread: it only looks."""
    if not RUN_ID.match(run_id):
        raise NotFound("no such run")
    return run_id


RunInPath = Annotated[str, Depends(_known)]
"""Named `run_id` and declared after the caller, who is told of a wrong key first."""
