"""Where tenants and keys are kept, for the commands of operators."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from millrace.client import screen
from millrace.client.screen import Screen
from millrace.local.settings import LocalSettings
from millrace.local.stack import LOCAL_CREDENTIALS
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.aws import Clients
from millrace.storage.dynamodb_items import DynamoItems
from millrace.storage.errors import StorageError
from millrace.storage.settings import KeySettings, StorageSettings

NAMED_BY = frozenset({"account_table", "aws_endpoint_url"})
"""Settings that name a store; one of them in the environment, and the local stack is not meant."""


@contextmanager
def opened(shown: Screen) -> Iterator[Accounts]:
    """The accounts that the environment names, else those of the stack that runs here, else those on AWS."""
    settings, credentials = _store()
    clients = Clients(settings, credentials)
    try:
        yield Accounts(items=DynamoItems(clients, settings.account_table))
    except StorageError as error:
        shown.tell(f"{error}.")
        if error.retryable:
            shown.tell("MILLRACE_AWS_ENDPOINT_URL and MILLRACE_ACCOUNT_TABLE name the store.")
        raise SystemExit(screen.UNREACHABLE if error.retryable else screen.REFUSED) from error
    finally:
        clients.close()


def key_maker(shown: Screen) -> KeyMaker:
    """Makes keys that the API knows again: under the environment's pepper, else that of the stack that runs here."""
    state = {} if _named() else _state()
    try:
        settings = KeySettings(key_pepper=state["key_pepper"]) if "key_pepper" in state else KeySettings()  # type: ignore[call-arg]
    except ValidationError as error:
        shown.tell("MILLRACE_KEY_PEPPER must be the API's own: without it the API would not know the key.")
        raise SystemExit(screen.REFUSED) from error
    return KeyMaker(settings.peppers)


def _store() -> tuple[StorageSettings, tuple[str, str] | None]:
    told = {} if _named() else _state().get("storage", {})
    return StorageSettings(**told), LOCAL_CREDENTIALS if told else None


def _named() -> bool:
    return bool(NAMED_BY & StorageSettings().model_fields_set)


def _state() -> dict[str, Any]:
    """What the local stack says of itself; nothing when none runs here."""
    path = Path(LocalSettings().state_dir) / "stack.json"
    state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return state
