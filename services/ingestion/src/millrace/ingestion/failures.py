"""Failed authentications of one client address: whoever guesses keys gets slow, and the stores are left in peace.

Counted in each process for itself: an address is personal, and is kept nowhere else.
"""

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from cachetools import TTLCache

from millrace.ingestion.errors import RateLimited

ADDRESSES = 10_000
WINDOW_S = 60
IPV6_NETWORK = 64
"""Bits of an IPv6 address that tell customers apart: one customer has all the rest (RFC 6177)."""


class Failures:
    """Counts failures by address."""

    def __init__(self, most: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._most, self._timer = most, timer
        self._counts: TTLCache[str, int] = TTLCache(ADDRESSES, WINDOW_S, timer)

    def check(self, address: str) -> None:
        """RateLimited when the address failed too often in the last minute."""
        if self._counts.get(client(address), 0) >= self._most:
            raise RateLimited(f"too many requests without a valid key; wait {WINDOW_S} s", WINDOW_S)

    def count(self, address: str) -> None:
        """The address failed once more."""
        name = client(address)
        self._counts[name] = self._counts.get(name, 0) + 1


def client(address: str) -> str:
    """Whom an address stands for; what is no address, such as the name of a test's client, stands for itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> (128 - IPV6_NETWORK))
    return str(parsed)
