"""Where tenants and keys are kept, for the commands of operators."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from millrace.client import screen
from millrace.client.screen import Screen
from millrace.local.which_store import chosen
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.aws import Clients
from millrace.storage.dynamodb_items import DynamoItems
from millrace.storage.errors import StorageError
from millrace.storage.settings import KeySettings


@contextmanager
def opened(shown: Screen) -> Iterator[Accounts]:
    """The accounts that the environment names, else those of the stack that runs here, else those on AWS."""
    at = chosen()
    clients = Clients(at.settings, at.credentials)
    try:
        yield Accounts(items=DynamoItems(clients, at.settings.account_table))
    except StorageError as error:
        shown.tell(f"{error}.")
        if error.retryable:
            shown.tell("MILLRACE_AWS_ENDPOINT_URL and MILLRACE_ACCOUNT_TABLE name the store.")
        raise SystemExit(screen.UNREACHABLE if error.retryable else screen.REFUSED) from error
    finally:
        clients.close()


def key_maker(shown: Screen) -> KeyMaker:
    """Makes keys that the API knows again: under the environment's pepper, else that of the stack that runs here."""
    pepper = chosen().key_pepper
    try:
        settings = KeySettings(key_pepper=pepper) if pepper is not None else KeySettings()  # type: ignore[call-arg]
    except ValidationError as error:
        shown.tell("MILLRACE_KEY_PEPPER must be the API's own: without it the API would not know the key.")
        raise SystemExit(screen.REFUSED) from error
    return KeyMaker(settings.peppers)
