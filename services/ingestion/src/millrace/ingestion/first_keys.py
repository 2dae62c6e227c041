"""Keys for tenants that have none, made when the API starts: other services may read keys and not make them."""

from millrace.storage.accounts import Accounts
from millrace.storage.errors import Shredded, StorageError
from millrace.storage.tenant_keys import TenantKeys
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


def make_first_keys(accounts: Accounts, keys: TenantKeys) -> None:
    """Every tenant has keys afterwards, unless the stores do not answer, which is logged.

    A run that the release before accepted is carried on by services that seal its record; whoever accepts a run of a
    tenant makes its keys in any case.
    """
    try:
        for account in accounts.tenants():
            if account.shredded_at is None:
                _ensure(keys, account.tenant)
    except StorageError as error:
        log.warning("first_keys_missing", extra={"action": "first_keys_missing", "error": type(error).__name__})


def _ensure(keys: TenantKeys, tenant: str) -> None:
    try:
        keys.ensure(tenant)
    except Shredded:
        # Since the account was read.
        return
