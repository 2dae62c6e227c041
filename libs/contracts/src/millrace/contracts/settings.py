"""Settings out of the environment: what a process is told when it starts, and what it hands on.

A dozen lines of our own: pydantic-settings takes 0.25 s of CPU to import, in each of a stack's ten processes.
"""

import os
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Settings(BaseModel):
    """Frozen fields, each read from the variable `<prefix><FIELD>` unless it is given; an empty one counts as unset."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    prefix: ClassVar[str] = "MILLRACE_"

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        variables = {name: os.environ.get(f"{cls.prefix}{name.upper()}") for name in cls.model_fields}
        return {**{name: value for name, value in variables.items() if value}, **given}
