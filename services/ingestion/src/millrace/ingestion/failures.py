"""What went wrong too often in the last minute, by whom: guessed keys by their address, refused files by their tenant.

Counted in each process for itself: an address is personal, and is kept nowhere else.
"""

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from cachetools import TTLCache

from millrace.ingestion.errors import RateLimited

NAMES = 10_000
WINDOW_S = 60
IPV6_NETWORK = 64
"""Bits of an IPv6 address that tell customers apart: one customer has all the rest (RFC 6177)."""


class Counts:
    """Sums by name. A name's minute begins with the first of them, and no later one makes it longer."""

    def __init__(self, most: float, timer: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._sums: TTLCache[str, list[float]] = TTLCache(NAMES, WINDOW_S, timer)

    def full(self, name: str) -> bool:
        """Whether the name has reached the most that it may."""
        return sum(self._sums.get(name, ())) >= self._most

    def add(self, name: str, amount: float = 1) -> None:
        """Add to the name's sum."""
        found = self._sums.get(name)
        if found is None:
            self._sums[name] = [amount]
        else:
            # Not set anew, which would begin another minute.
            found[0] += amount


class Failures:
    """Failed authentications by client address: whoever guesses keys gets slow, and the stores are left in peace."""

    def __init__(self, most: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._counts = Counts(most, timer)

    def check(self, address: str) -> None:
        """RateLimited when the address failed too often in the last minute."""
        if self._counts.full(client(address)):
            raise RateLimited(f"too many requests without a valid key; wait {WINDOW_S} s", WINDOW_S)

    def count(self, address: str) -> None:
        """The address failed once more."""
        self._counts.add(client(address))


def client(address: str) -> str:
    """Whom an address stands for. All that is no address stands for one: whoever makes it up gains nothing by it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> (128 - IPV6_NETWORK))
    return str(parsed)
