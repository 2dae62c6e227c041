"""What every command begins with: a screen, the settings and a client of the API."""

from collections.abc import Iterator
from contextlib import contextmanager

from millrace.client import settings
from millrace.client.client import Client
from millrace.client.screen import Screen


@contextmanager
def session(
    as_json: bool, given: settings.Settings | None = None
) -> Iterator[tuple[Client, Screen, settings.Settings]]:
    """A client of the API that the environment names, or of the one that is `given`; errors become exit codes."""
    shown = Screen(as_json=as_json)
    with shown.errors():
        used = given or settings.read()
    with shown.errors(f"{used.api_url} ({used.source})"), Client(used.api_url, used.api_key) as client:
        yield client, shown, used
