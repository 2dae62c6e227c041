"""Settings out of the environment: what a process is told when it starts, and what it hands on.

Some forty lines of our own: pydantic-settings takes 0.25 s of CPU to import, in each of a stack's ten processes.
"""

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

SHORTEST_SECRET = 32
"""Characters; fewer could be guessed."""


class Settings(BaseModel):
    """Frozen fields, each read from the variable `<prefix><FIELD>` unless it is given; an empty one counts as unset.

    The variable `<prefix><FIELD>_FILE` names a file that holds the value, as Docker and Kubernetes mount secrets; its
    last line break is dropped. What pydantic raises never quotes a value: it may be a secret.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    prefix: ClassVar[str] = "MILLRACE_"

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        told = {name: _told(f"{cls.prefix}{name.upper()}") for name in cls.model_fields if name not in given}
        return {**{name: value for name, value in told.items() if value}, **given}


def _told(variable: str) -> str | None:
    """What the environment says. ValueError when it says two things, or names a file that cannot be read."""
    value, file = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if not file:
        return value
    if value:
        raise ValueError(f"{variable} and {variable}_FILE are both set; set one")
    try:
        return Path(file).read_text().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file that {variable}_FILE names cannot be read ({type(error).__name__})") from None


def split(value: str) -> tuple[str, ...]:
    """What stands between commas; nothing that is empty."""
    return tuple(each.strip() for each in value.split(",") if each.strip())


def _long_enough(value: str) -> str:
    if not split(value) or any(len(each) < SHORTEST_SECRET for each in split(value)):
        raise ValueError(f"a secret has fewer than {SHORTEST_SECRET} characters")
    return value


Secrets = Annotated[str, AfterValidator(_long_enough)]
"""Secrets that are separated by commas, newest first; a field of this type has `repr=False`."""
