"""Which callback URLs may be called: checked when an endpoint is registered, and again at each connect.

Pure: names are resolved elsewhere (`millrace.worker.names`), what they resolve to is judged here. The reasons are in
docs/decisions/0015-callback-addresses.md.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from millrace.contracts.errors import AddressRefused

MAX_URL = 2_048
"""Characters of a callback URL."""
HTTPS_PORT = 443
_URL = re.compile(r"[\x21-\x7e]+")
"""Visible ASCII: what is left out here (spaces, controls, other scripts' dots and digits) is read one way by one parser
and another way by the next."""
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that is a number makes the whole host an IPv4 address (https://url.spec.whatwg.org/#ends-in-a-number)."""
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")
"""Suffixes of names that belong to somebody's own network."""
_PUBLIC_V6 = ip_network("2000::/3")
"""All that IANA gives out as global unicast. Outside it: unspecified, loopback, mapped (`::ffff:0:0/96`) and compatible
addresses, NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`), unique local (`fd00:ec2::254`), link-local and multicast ones."""
_RESERVED = tuple(
    map(
        ip_network,
        (
            # https://www.iana.org/assignments/iana-ipv4-special-registry and multicast
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            # Azure's platform services, on every virtual machine.
            "168.63.129.16/32",
            # https://www.iana.org/assignments/iana-ipv6-special-registry: Teredo and its neighbours, documentation,
            # 6to4, AS112. Teredo and 6to4 are refused whole: what they embed is a second address to be fooled by.
            "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
        ),
    )
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Address:
    """A URL taken apart once: what was checked is what is connected to."""

    scheme: str
    host: str
    """Lower case; an IPv6 address without its brackets."""
    port: int
    target: str
    """Path and query."""
    trusted: bool
    """Whether the operator's list names it: it may be private, plain http and on any port."""

    @property
    def authority(self) -> str:
        """As the `Host` header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.scheme == "https" else 80) else f"{host}:{self.port}"


def entries(text: str) -> frozenset[str]:
    """The operator's list out of its text: hosts, `host:port` and networks such as `10.1.0.0/16`, between commas.

    ValueError for an entry with a slash that is no network: a list that cannot be read is noticed at the start.
    """
    found = frozenset(entry.strip().lower() for entry in text.split(",") if entry.strip())
    for entry in found:
        if "/" in entry:
            ip_network(entry, strict=False)
    return found


def check(url: str, allowed: frozenset[str]) -> Address:
    """The URL's address; AddressRefused unless it is https on port 443 of a public host, or `allowed` names it."""
    parts, port = _split(url)
    host = (parts.hostname or "").lower()
    if not host or parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise AddressRefused("the URL needs a host and no user info")
    if "[" in parts.netloc and ":" not in host:
        raise AddressRefused("brackets are for IPv6 addresses")
    _check_host(host, allowed)
    # A fragment stays with whoever holds the URL (RFC 9110, 4.2.5).
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = (HTTPS_PORT if parts.scheme == "https" else 80) if port is None else port
    trusted = parts.scheme in ("http", "https") and _named(host, port, allowed)
    if not trusted and parts.scheme != "https":
        raise AddressRefused("only https may be called")
    if not trusted and port != HTTPS_PORT:
        raise AddressRefused("only port 443 may be called")
    return Address(scheme=parts.scheme, host=host, port=port, target=target, trusted=trusted)


def check_answers(address: Address, answers: Iterable[str], allowed: frozenset[str]) -> None:
    """AddressRefused unless every address that the host resolves to may be connected to: one private one spoils all."""
    if address.trusted:
        return
    for answer in answers:
        found = ip_address(answer.partition("%")[0])
        if not public(found) and not _in_network(found, allowed):
            raise AddressRefused("the address is not public")


def public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is one of the open Internet's, by IANA's registries."""
    if address.version == 6 and address not in _PUBLIC_V6:
        return False
    return not any(address in network for network in _RESERVED if network.version == address.version)


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > MAX_URL or not _URL.fullmatch(url) or "\\" in url:
        raise AddressRefused(f"a URL is {MAX_URL} visible ASCII characters at most; write other hosts in punycode")
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError as error:
        raise AddressRefused("the URL cannot be read") from error


def _check_host(host: str, allowed: frozenset[str]) -> None:
    """AddressRefused for a host that is not written plainly, or is not public by its name alone."""
    address = _literal(host)
    if address is not None:
        if not public(address) and host not in _hosts(allowed) and not _in_network(address, allowed):
            raise AddressRefused("the address is not public")
        return
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]) or ":" in host:
        raise AddressRefused("an address is written as four decimal numbers, or as IPv6 in brackets")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("the host is not a plain name")
    inside = len(labels) == 1 or host.endswith(tuple(f".{suffix}" for suffix in _INSIDE))
    if inside and host not in _hosts(allowed):
        raise AddressRefused("the address is not public")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in host else ip_address(host)
    except ValueError:
        return None


def _hosts(allowed: frozenset[str]) -> frozenset[str]:
    """The hosts of the list, without their ports."""
    return frozenset(re.sub(r":[0-9]+$", "", entry) if entry.count(":") == 1 else entry for entry in allowed)


def _named(host: str, port: int, allowed: frozenset[str]) -> bool:
    address = _literal(host)
    listed = host in allowed or f"{host}:{port}" in allowed or f"[{host}]:{port}" in allowed
    return listed or (address is not None and _in_network(address, allowed))


def _in_network(address: IPv4Address | IPv6Address, allowed: frozenset[str]) -> bool:
    networks = (ip_network(entry, strict=False) for entry in allowed if "/" in entry)
    return any(address in network for network in networks if network.version == address.version)
