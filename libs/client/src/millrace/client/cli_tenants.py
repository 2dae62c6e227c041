"""`millrace tenants`: who may use the API and how much of it, and what becomes of their data, for operators."""

from typing import Annotated

import typer

from millrace.client.cli_common import Json, local
from millrace.client.cli_keys import STORE

ACCOUNTS = "millrace.local.tenant_accounts"
DATA = "millrace.local.tenant_data"
AtLeastOne = Annotated[int | None, typer.Option(min=1)]

tenants = typer.Typer(help=f"Tenants and their quotas. {STORE}", no_args_is_help=True, rich_markup_mode=None)


@tenants.command("create")
def create_tenant(tenant: str, as_json: Json = False) -> None:
    """Make a tenant: lower case, digits and hyphens. Exit code: 0 made; 2 refused, as when it is there; 3 no answer."""
    local(ACCOUNTS).create(tenant, as_json=as_json)


@tenants.command("list")
def list_tenants(as_json: Json = False) -> None:
    """List every tenant. Exit code: 0 listed; 3 no answer."""
    local(ACCOUNTS).show_all(as_json=as_json)


@tenants.command("show")
def show_tenant(tenant: str, as_json: Json = False) -> None:
    """Show a tenant and its quota. Exit code: 0 shown; 2 there is none; 3 no answer."""
    local(ACCOUNTS).show(tenant, as_json=as_json)


@tenants.command("suspend")
def suspend_tenant(tenant: str, as_json: Json = False) -> None:
    """Refuse a tenant's keys for the time being, within 30 s. Its data stays. Exit code: 0 done; 2 refused; 3 no
    answer.
    """
    local(ACCOUNTS).suspend(tenant, as_json=as_json)


@tenants.command("resume")
def resume_tenant(tenant: str, as_json: Json = False) -> None:
    """Accept a suspended tenant's keys again. Exit code: 0 done; 2 refused; 3 no answer."""
    local(ACCOUNTS).resume(tenant, as_json=as_json)


@tenants.command("quota")
def change_quota(
    tenant: str,
    requests_per_minute: AtLeastOne = None,
    burst_per_second: AtLeastOne = None,
    runs_per_day: AtLeastOne = None,
    records_per_day: AtLeastOne = None,
    open_uploads: AtLeastOne = None,
    endpoints: AtLeastOne = None,
    as_json: Json = False,
) -> None:
    """Change how much a tenant may use; what is not named stays. Exit code: 0 changed; 2 refused; 3 no answer."""
    given = {
        "requests_per_minute": requests_per_minute, "burst_per_second": burst_per_second, "runs_per_day": runs_per_day,
        "records_per_day": records_per_day, "open_uploads": open_uploads, "endpoints": endpoints,
    }  # fmt: skip
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("name a part of the quota, such as --runs-per-day", param_hint="quota")
    local(ACCOUNTS).quota(tenant, changes, as_json=as_json)


@tenants.command("rotate")
def rotate_keys(tenant: str, as_json: Json = False) -> None:
    """Give a tenant a new encryption key for what is sealed from now on; what was sealed stays readable.

    Exit code: 0 rotated; 2 there is no such tenant, or it was shredded; 3 no answer.
    """
    local(DATA).rotate(tenant, as_json=as_json)


@tenants.command("shred")
def shred_tenant(
    tenant: str,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the tenant's name.")] = False,
    as_json: Json = False,
) -> None:
    """Make a tenant's data unreadable for good, and say what that took with it.

    Exit code: 0 shredded; 2 there is no such tenant, or another name was typed; 3 no answer: say it again.
    """
    local(DATA).shred(tenant, yes=yes, as_json=as_json)


@tenants.command("erase")
def erase_customer(
    tenant: str,
    customer: Annotated[str, typer.Option(metavar="REF", help="What the records have as customer_ref.")],
    as_json: Json = False,
) -> None:
    """Erase one customer: their records, and everything that was derived from the batches that had them.

    Exit code: 0 erased; 1 runs are left to be erased again; 2 there is no such tenant; 3 no answer: say it again.
    """
    local(DATA).erase(tenant, customer, as_json=as_json)
