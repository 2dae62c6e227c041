"""Which store the commands of operators are about: one answer for all of them.

What suspends a tenant and what shreds it must never mean two different ones.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace.local.settings import LocalSettings
from millrace.local.stack import LOCAL_CREDENTIALS
from millrace.storage.settings import StorageSettings

NAMED_BY = frozenset({"aws_endpoint_url", "table", "account_table", "bucket", "kms_key_arn"})
"""Settings that name a store; one of them in the environment, and the local stack is not meant."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A store, and what is known of it."""

    settings: StorageSettings
    credentials: tuple[str, str] | None
    """Those of the local stack; None for those that the environment has."""
    key_pepper: str | None
    """The local stack's; None for the environment's."""
    name: str
    """For people: which of them it is."""


def chosen() -> Chosen:
    """The store that the environment names, else that of the stack that runs here, else that on AWS."""
    settings, path = StorageSettings(), Path(LocalSettings().state_dir) / "stack.json"
    if NAMED_BY & settings.model_fields_set or not path.exists():
        return Chosen(settings=settings, credentials=None, key_pepper=None, name=_name(settings))
    state: dict[str, Any] = json.loads(path.read_text())
    settings = StorageSettings(**state["storage"])
    name = f"the local stack of {path} ({_name(settings)})"
    return Chosen(settings=settings, credentials=LOCAL_CREDENTIALS, key_pepper=state.get("key_pepper"), name=name)


def _name(settings: StorageSettings) -> str:
    return f"{settings.account_table} at {settings.aws_endpoint_url or f'AWS {settings.aws_region}'}"
