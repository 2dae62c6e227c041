"""What the commands of `millrace callbacks` do."""

from typer import Exit

from millrace.client import screen
from millrace.client.callbacks import Callbacks
from millrace.client.errors import ClientError
from millrace.client.session import session
from millrace.client.views import callbacks as views
from millrace.contracts.base import Message
from millrace.contracts.endpoints import DeliveryRecord, EndpointPage, EndpointView


class NoEndpoint(ClientError):
    """No endpoint has this URL."""


class Tested(Message):
    """The answer of `test --json`."""

    endpoint: EndpointView
    delivery: DeliveryRecord | None
    """None when it did not become known in time."""


def test(url: str, timeout_s: float, *, as_json: bool) -> None:
    """Send a test event through the callback service and show how it went; Exit with 1 when it was not taken."""
    with session(as_json) as (client, shown, _):
        endpoint = client.callbacks.find(url) or client.callbacks.register(url)
        found = client.callbacks.outcome(client.callbacks.test(endpoint.endpoint_id), timeout_s)
        shown.document(Tested(endpoint=endpoint, delivery=found))
        shown.show(views.tested(endpoint, found))
    if found is None:
        raise Exit(screen.UNREACHABLE)
    if found.error:
        raise Exit(screen.ENDED_BADLY)


def show_all(*, as_json: bool) -> None:
    """Every endpoint."""
    with session(as_json) as (client, shown, _):
        page = EndpointPage(endpoints=tuple(client.callbacks.every()))
        shown.document(page)
        shown.show(views.endpoints(page.endpoints))


def show(endpoint: str, *, secret: bool, as_json: bool) -> None:
    """One endpoint, with its secrets when `secret` says so."""
    with session(as_json) as (client, shown, _):
        found = _find(client.callbacks, endpoint)
        secrets = client.callbacks.secrets(found.endpoint_id) if secret else None
        shown.document({"endpoint": found, "secrets": secrets})
        shown.show(views.endpoint(found, secrets))


def rotate(endpoint: str, *, as_json: bool) -> None:
    """New secrets, shown."""
    with session(as_json) as (client, shown, _):
        found = client.callbacks.rotate(_find(client.callbacks, endpoint).endpoint_id)
        shown.document(found)
        shown.show(views.secrets(found))


def enable(endpoint: str, *, as_json: bool) -> None:
    """Deliver to it again."""
    with session(as_json) as (client, shown, _):
        found = client.callbacks.enable(_find(client.callbacks, endpoint).endpoint_id)
        shown.document(found)
        shown.show(views.endpoint(found))


def disable(endpoint: str, reason: str, *, as_json: bool) -> None:
    """Deliver nothing to it."""
    with session(as_json) as (client, shown, _):
        found = client.callbacks.disable(_find(client.callbacks, endpoint).endpoint_id, reason)
        shown.document(found)
        shown.show(views.endpoint(found))


def deliveries(endpoint: str, limit: int, *, as_json: bool) -> None:
    """The newest deliveries."""
    with session(as_json) as (client, shown, _):
        page = client.callbacks.deliveries(_find(client.callbacks, endpoint).endpoint_id, limit)
        shown.document(page)
        shown.show(views.deliveries(page))


def replay(run_id: str, *, as_json: bool) -> None:
    """Ask for a run's callback once more."""
    with session(as_json) as (client, shown, _):
        asked = client.callbacks.replay(run_id)
        shown.document(asked)
        shown.show(views.replay(asked))


def _find(callbacks: Callbacks, given: str) -> EndpointView:
    """By id or by URL."""
    if given.startswith("ep_"):
        return callbacks.get(given)
    found = callbacks.find(given)
    if found is None:
        raise NoEndpoint("no endpoint has this URL; `millrace callbacks list` shows those that there are")
    return found
