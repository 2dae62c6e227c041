"""Python SDK and the millrace command line: `from millrace.client import Client`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from millrace.client.client import Client as Client

__all__ = ["Client"]


def __getattr__(name: str) -> object:
    """Load the SDK when it is first asked for: `millrace --help` needs neither httpx nor the contracts (PEP 562)."""
    if name == "Client":
        from millrace.client.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
