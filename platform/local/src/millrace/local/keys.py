"""`millrace keys create | list | revoke`, at the store itself."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType

from millrace.client import screen
from millrace.client.screen import Screen
from millrace.client.views.tables import line, table
from millrace.client.views.words import moment
from millrace.contracts.access import ApiKeyRecord, Scope
from millrace.contracts.base import Message, Timestamp, now
from millrace.local.account_store import key_maker, opened


class KeyView(Message):
    """A key as operators see it: never its secret, nor what is kept of it."""

    key_id: str
    tenant: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    live: bool

    @classmethod
    def of(cls, record: ApiKeyRecord) -> "KeyView":
        """The record's own."""
        return cls.model_validate({**record.model_dump(exclude={"digest"}), "live": record.live(now())})


class Created(KeyView):
    """The answer of `create --json`: the only place that ever shows the key."""

    key: str


class Keys(Message):
    """The answer of `list --json`."""

    keys: tuple[KeyView, ...]


def create(tenant: str, name: str, scopes: Sequence[str], expires_s: float | None, *, as_json: bool) -> None:
    """A new key, which is shown once."""
    shown = Screen(as_json=as_json)
    wanted = _scopes(shown, scopes)
    maker, at = key_maker(shown), now()
    expires_at = at + timedelta(seconds=expires_s) if expires_s is not None else None
    with opened(shown) as accounts:
        record, text = maker.make(tenant, name, wanted, at, expires_at)
        accounts.add_key(record)
    shown.document(Created(**KeyView.of(record).model_dump(), key=text))
    shown.say(text)
    shown.tell(f"Keep it now: it is not shown again. {tenant} can use it at once; MILLRACE_API_KEY takes it.")


def _scopes(shown: Screen, given: Sequence[str]) -> tuple[Scope, ...]:
    unknown = [each for each in given if each not in set(Scope)]
    if unknown:
        shown.tell(f"There is no scope {unknown[0]}; there are: {', '.join(Scope)}.")
        raise SystemExit(screen.REFUSED)
    return tuple(dict.fromkeys(map(Scope, given)))


def show_all(tenant: str, *, as_json: bool) -> None:
    """The tenant's keys, the dead ones too."""
    shown = Screen(as_json=as_json)
    with opened(shown) as accounts:
        accounts.tenant(tenant)
        found = Keys(keys=tuple(map(KeyView.of, accounts.keys(tenant))))
    shown.document(found)
    shown.show(_listed(found))


def revoke(key_id: str, *, as_json: bool) -> None:
    """Refuse the key from now on; processes that just saw it take up to half a minute."""
    shown = Screen(as_json=as_json)
    with opened(shown) as accounts:
        found = KeyView.of(accounts.revoke(key_id))
    shown.document(found)
    shown.show(line(f"{found.key_id} ({found.name} of {found.tenant}) is revoked: within 30 s nothing accepts it."))


def _listed(found: Keys) -> RenderableType:
    if not found.keys:
        return line("No keys.")
    columns = ("!Key", "Name", "State", "Created", "Expires", "Scopes")
    return Group(table("API keys", columns, map(_row, found.keys)))


def _row(each: KeyView) -> tuple[str, ...]:
    state = "live" if each.live else "revoked" if each.revoked_at else "expired"
    scopes = ", ".join(each.scopes)
    return each.key_id, each.name, state, moment(each.created_at), moment(each.expires_at), scopes
