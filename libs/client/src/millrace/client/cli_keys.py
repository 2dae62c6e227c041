"""`millrace keys`: API keys, for operators."""

from typing import Annotated

import typer

from millrace.client.cli_common import Json, local, seconds

KEYS = "millrace.local.keys"
STORE = "The store is what MILLRACE_AWS_ENDPOINT_URL and MILLRACE_ACCOUNT_TABLE name, or the local stack's."

keys = typer.Typer(help=f"API keys. {STORE}", no_args_is_help=True, rich_markup_mode=None)


@keys.command("create")
def create_key(
    tenant: str,
    name: Annotated[str, typer.Option(help="What it is for. Two live keys may have one name: old and new.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, such as runs:write; may be repeated.")],
    expires: Annotated[str | None, typer.Option(metavar="DURATION", help="Refused after 12h, 90d; else never.")] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, once.

    Exit code: 0 made; 2 refused, as when two live keys have the name; 3 no answer.
    """
    given = seconds(expires, "--expires") if expires else None
    local(KEYS).create(tenant, name, scope, given, as_json=as_json)


@keys.command("list")
def list_keys(tenant: str, as_json: Json = False) -> None:
    """List a tenant's keys, without their secrets. Exit code: 0 listed; 2 there is no such tenant; 3 no answer."""
    local(KEYS).show_all(tenant, as_json=as_json)


@keys.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(metavar="KEY_ID")], as_json: Json = False) -> None:
    """Refuse a key for good, within 30 s. Exit code: 0 revoked; 2 there is no such key; 3 no answer."""
    local(KEYS).revoke(key, as_json=as_json)
