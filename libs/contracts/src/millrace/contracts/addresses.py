"""Which callback URLs may be called: checked at the door and again before each call."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from millrace.contracts.errors import AddressRefused


def check(url: str, allowed_hosts: frozenset[str]) -> None:
    """AddressRefused unless the URL is https without user info and names a public host, or its host is allowed.

    Allowed hosts are for consumers on the same premises and for the local stack; they may be plain http.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not host or parts.username or parts.password:
        raise AddressRefused("the URL needs a host and no user info")
    if host in allowed_hosts and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https":
        raise AddressRefused("only https may be called")
    if not _public(host):
        raise AddressRefused("the address is not public")


def _public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return host != "localhost" and "." in host and not host.endswith((".local", ".internal", ".localhost"))
