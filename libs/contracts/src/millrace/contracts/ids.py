"""Identifiers: how a run, its callback event and a part are named."""

import hashlib
import math
import os
import re
import time
from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80

RunId = Annotated[str, StringConstraints(pattern=r"^run_[0-9A-HJKMNP-TV-Z]{26}$")]
"""`run_` and a ULID (https://github.com/ulid/spec): sorts by the time of acceptance."""

TenantId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""The organisation that an API key belongs to: lower case, digits and hyphens."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A step, stage or artifact name: snake case."""

RUN_ID = re.compile(r"run_[0-9A-HJKMNP-TV-Z]{26}\Z")
ENDPOINT_ID = re.compile(r"ep_[0-9A-HJKMNP-TV-Z]{26}\Z")


def ulid(milliseconds: int | None = None) -> str:
    """A new ULID: 48 bits of Unix milliseconds and 80 random bits, in Crockford's base 32."""
    moment = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    number = (moment << _RANDOM_BITS) | int.from_bytes(os.urandom(_RANDOM_BITS // 8), "big")
    return _written(number)


def _written(number: int) -> str:
    """The lowest 130 bits as 26 characters."""
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def accepted_ms(run_id: str) -> int:
    """Unix milliseconds at which the run of this id was accepted, as its ULID tells."""
    number = 0
    for character in run_id.removeprefix("run_")[:10]:
        number = number << 5 | _CROCKFORD.index(character)
    return number


def run_id_at(moment: datetime) -> str:
    """The smallest run id of this moment: ids of runs that were accepted before are smaller. Nobody has it."""
    milliseconds = max(0, min(math.ceil(moment.timestamp() * 1000), (1 << 48) - 1))
    return f"run_{_written(milliseconds << _RANDOM_BITS)}"


def new_run_id() -> str:
    """A run id that nobody has."""
    return f"run_{ulid()}"


def event_id(run_id: str, amendment: int = 0) -> str:
    """The one callback event id of a run's attempt: derived, so that it can never differ."""
    suffix = f"_{amendment}" if amendment else ""
    return f"evt_{run_id.removeprefix('run_')}{suffix}"


def endpoint_id(tenant: str, url: str) -> str:
    """The id of a tenant's callback URL: derived, so that whoever names the URL first has registered it for all."""
    digest = hashlib.sha256(f"{tenant}\n{url}".encode()).digest()
    return f"ep_{_written(int.from_bytes(digest[:16], 'big'))}"
