"""What a host's name resolves to."""

import socket
from collections.abc import Callable

Resolver = Callable[[str, int], tuple[str, ...]]
"""The addresses of a host in the order in which to try them; OSError when there are none."""


def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses that the system's resolver knows, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in found))
