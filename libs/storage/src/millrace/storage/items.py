"""Small records of a tenant's account, by owner and name: keys, quotas, endpoints, deliveries, uploads.

Run records have a store of their own (`ports.RunStore`): they are indexed by when they are due.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from millrace.storage.errors import Conflict, NotFound


@dataclass(frozen=True, kw_only=True)
class Item:
    """A record as bytes."""

    owner: str
    """Partition: all items of an owner are kept together, such as `tenant#acme`."""
    name: str
    """Unique within its owner; items are listed in the order of their names."""
    body: bytes = field(repr=False)
    revision: int = 0
    """Counts the writes; 0 for an item that was never written."""
    expires_at: datetime | None = None
    """From when on the store may forget it by itself; some days later it has."""


@dataclass(frozen=True, kw_only=True)
class ItemPage:
    """A page of an owner's items."""

    items: tuple[Item, ...]
    cursor: str | None
    """Name after which the next page begins; None when there is none."""


class Items(Protocol):
    """Items. Reads are consistent, writes conditional."""

    def get(self, owner: str, name: str) -> Item:
        """The item; NotFound when there is none."""

    def put(self, item: Item) -> Item:
        """Write the item if nobody wrote since it was read, else Conflict; returns it with its new revision."""

    def put_all(self, items: tuple[Item, ...]) -> None:
        """Write all of these or none, each as `put` does; at most a hundred."""

    def delete(self, owner: str, name: str) -> None:
        """Forget the item; nothing happens when there is none."""

    def page(
        self, owner: str, prefix: str = "", limit: int = 100, after: str | None = None, newest_first: bool = False
    ) -> ItemPage:
        """The owner's items whose names begin like this, by name, or backwards."""


@dataclass
class MemoryItems:
    """Items in a dict: the in-memory twin."""

    items: dict[tuple[str, str], Item] = field(default_factory=dict)

    def get(self, owner: str, name: str) -> Item:
        """See `Items`."""
        try:
            return self.items[owner, name]
        except KeyError:
            raise NotFound(f"no item {name}") from None

    def put(self, item: Item) -> Item:
        """See `Items`."""
        self.put_all((item,))
        return self.items[item.owner, item.name]

    def put_all(self, items: tuple[Item, ...]) -> None:
        """See `Items`."""
        for item in items:
            known = self.items.get((item.owner, item.name))
            if (known.revision if known else 0) != item.revision:
                raise Conflict(f"{item.name} has moved on")
        for item in items:
            self.items[item.owner, item.name] = replace(item, revision=item.revision + 1)

    def delete(self, owner: str, name: str) -> None:
        """See `Items`."""
        self.items.pop((owner, name), None)

    def page(
        self, owner: str, prefix: str = "", limit: int = 100, after: str | None = None, newest_first: bool = False
    ) -> ItemPage:
        """See `Items`."""
        names = sorted(name for of, name in self.items if of == owner and name.startswith(prefix))
        if newest_first:
            rest = [name for name in reversed(names) if after is None or name < after]
        else:
            rest = [name for name in names if after is None or name > after]
        chosen = rest[:limit]
        cursor = chosen[-1] if len(rest) > limit else None
        return ItemPage(items=tuple(self.items[owner, name] for name in chosen), cursor=cursor)
