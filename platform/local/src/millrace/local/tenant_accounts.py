"""`millrace tenants create | list | show | suspend | resume | quota`, at the store itself."""

from collections.abc import Callable, Mapping

from pydantic import ValidationError
from rich.console import RenderableType

from millrace.client import screen
from millrace.client.screen import Screen
from millrace.client.views.tables import line, table
from millrace.client.views.words import moment
from millrace.contracts.access import Quota, TenantRecord
from millrace.contracts.base import Message
from millrace.local.account_store import opened
from millrace.storage.accounts import Accounts


class Tenants(Message):
    """The answer of `list --json`."""

    tenants: tuple[TenantRecord, ...]


def create(tenant: str, *, as_json: bool) -> None:
    """A new tenant with the default quota."""
    _one(lambda accounts: accounts.create_tenant(tenant), as_json)


def show(tenant: str, *, as_json: bool) -> None:
    """The tenant and its quota."""
    _one(lambda accounts: accounts.tenant(tenant), as_json)


def suspend(tenant: str, *, as_json: bool) -> None:
    """Refuse the tenant's keys for the time being."""
    _one(lambda accounts: accounts.suspend(tenant), as_json)


def resume(tenant: str, *, as_json: bool) -> None:
    """Accept the tenant's keys again."""
    _one(lambda accounts: accounts.resume(tenant), as_json)


def quota(tenant: str, changes: Mapping[str, int], *, as_json: bool) -> None:
    """Change these parts of the quota; the others stay."""

    def change(accounts: Accounts) -> TenantRecord:
        known = accounts.tenant(tenant)
        return accounts.set_quota(tenant, Quota(**{**known.quota.model_dump(), **changes}))

    _one(change, as_json)


def show_all(*, as_json: bool) -> None:
    """Every tenant."""
    shown = Screen(as_json=as_json)
    with opened(shown) as accounts:
        found = Tenants(tenants=accounts.tenants())
    shown.document(found)
    rows = [(each.tenant, _state(each), moment(each.created_at)) for each in found.tenants]
    shown.show(table("Tenants", ("!Tenant", "State", "Created"), rows) if rows else line("No tenants."))


def _one(ask: Callable[[Accounts], TenantRecord], as_json: bool) -> None:
    shown = Screen(as_json=as_json)
    with opened(shown) as accounts:
        try:
            found = ask(accounts)
        except ValidationError as error:
            shown.tell("; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()))
            raise SystemExit(screen.REFUSED) from error
    shown.document(found)
    shown.show(_facts(found))


def _facts(found: TenantRecord) -> RenderableType:
    facts = {"State": _state(found), "Created": moment(found.created_at)}
    limits = {name.replace("_", " ").capitalize(): f"{value:,}" for name, value in found.quota.model_dump().items()}
    return table(found.tenant, ("Fact", "Value"), (facts | limits).items())


def _state(found: TenantRecord) -> str:
    if found.shredded_at:
        return f"shredded {moment(found.shredded_at)}"
    return f"suspended {moment(found.suspended_at)}" if found.suspended_at else "active"
