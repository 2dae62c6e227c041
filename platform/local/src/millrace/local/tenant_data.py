"""`millrace tenants rotate | shred | erase`: what becomes of a tenant's data, at the stores themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.prompt import Prompt

from millrace.client import screen
from millrace.client.screen import Screen
from millrace.client.views.tables import line
from millrace.client.views.words import count, moment
from millrace.contracts.base import Message, Timestamp
from millrace.local.which_store import Chosen, chosen
from millrace.storage.accounts import Accounts
from millrace.storage.connect import Stores, connect_stores
from millrace.storage.erasing import Erasing, Erasure
from millrace.storage.errors import StorageError, Unavailable
from millrace.storage.shredding import Shred, Shredding


class Rotated(Message):
    """The answer of `rotate --json`."""

    tenant: str
    key_id: str
    versions: int
    made_at: Timestamp


def rotate(tenant: str, *, as_json: bool) -> None:
    """Give the tenant a new key for what is sealed from now on."""
    shown = Screen(as_json=as_json)
    with _stores(shown, chosen()) as stores:
        Accounts(items=stores.items).tenant(tenant)
        versions = stores.keys.rotate(tenant).versions
    newest = versions[-1]
    rotated = Rotated(tenant=tenant, key_id=newest.key_id, versions=len(versions), made_at=newest.made_at)
    shown.document(rotated)
    shown.show(
        Group(
            line(f"{tenant} has {count(len(versions), 'key')}. What the earlier ones sealed stays readable."),
            line("Every process seals under the new one within five minutes."),
        )
    )


def shred(tenant: str, *, yes: bool, as_json: bool) -> None:
    """Make the tenant's data unreadable for good, once its name was typed."""
    shown = Screen(as_json=as_json)
    at = chosen()
    with _stores(shown, at) as stores:
        accounts = Accounts(items=stores.items)
        accounts.tenant(tenant)
        shown.tell(f"The store is {at.name}.")
        if not yes:
            _confirm(shown, tenant)
        shredding = Shredding(
            accounts=accounts, keys=stores.keys, items=stores.items, runs=stores.runs, files=stores.uploads.store
        )
        done = shredding.shred(tenant)
    shown.document(done)
    shown.show(_shredded(done))


def erase(tenant: str, customer_ref: str, *, as_json: bool) -> None:
    """Erase one customer of the tenant. Leaves with 1 when runs are left that have to be looked at again."""
    shown = Screen(as_json=as_json)
    with _stores(shown, chosen()) as stores:
        Accounts(items=stores.items).tenant(tenant)
        done = Erasing(runs=stores.runs, artifacts=stores.artifacts).erase(tenant, customer_ref)
    shown.document(done)
    shown.show(_erased(done))
    if done.active or done.unknown:
        raise SystemExit(screen.ENDED_BADLY)


def _confirm(shown: Screen, tenant: str) -> None:
    shown.tell(f"Everything of {tenant} becomes unreadable for good: runs, reports, endpoints. Nobody can undo it.")
    if Prompt.ask("Type the tenant's name to go on", console=shown.err) != tenant:
        shown.tell("That is not its name; nothing was done.")
        raise SystemExit(screen.REFUSED)


def _shredded(done: Shred) -> RenderableType:
    files = count(done.objects, "object")
    return Group(
        line(f"{done.tenant} was shredded at {moment(done.shredded_at)}.", style="bold"),
        line(f"Deleted: {count(done.runs, 'run')} and {files} of theirs, "
             f"{count(done.items, 'endpoint or upload', 'endpoints and uploads')}."),
        line(f"Deleted: {count(done.uploads, 'uploaded file')} that no run was made of yet."),
        line("No version of these objects is left; copies of the rest are sealed under keys that are gone."),
        line(f"Refused from now on: {count(done.keys_revoked, 'API key')}."),
        line(f"Processes that had read the keys forget them by {moment(done.caches_end_at)}."),
        line(f"Backups of the account table (point-in-time recovery) hold the sealed keys until "
             f"{moment(done.backups_end_at)}: restore none of them before."),
    )  # fmt: skip


def _erased(done: Erasure) -> RenderableType:
    found = f"{count(done.records, 'record')} in {count(done.runs, 'run')}"
    parts = [line(f"Erased {found}, of {count(done.looked_at, 'run')} that were looked at.", style="bold")]
    if done.changed:
        parts.append(line(f"Deleted {count(done.objects, 'object')} that were derived from them, reports included."))
        parts.append(line("To make the reports anew, without the customer:"))
        parts += [line(f"  millrace redrive {run_id}") for run_id in done.changed]
    if done.active:
        parts.append(line(f"Not ended a minute ago, erase again when they have: {', '.join(done.active)}"))
    if done.unknown:
        parts.append(line(f"Their batch is lost, nobody can tell whose records it had: {', '.join(done.unknown)}"))
    return Group(*parts)


@contextmanager
def _stores(shown: Screen, at: Chosen) -> Iterator[Stores]:
    stores = connect_stores(at.settings, at.credentials)
    try:
        yield stores
    except StorageError as error:
        away = isinstance(error, Unavailable)
        hint = " MILLRACE_AWS_ENDPOINT_URL names it; `millrace up` starts a local stack." if away else ""
        shown.tell(f"{error}.{hint}")
        raise SystemExit(screen.UNREACHABLE if away else screen.REFUSED) from error
    finally:
        stores.close()
