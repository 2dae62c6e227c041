"""Callback endpoints and what was delivered to them."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.tables import line, table
from millrace.client.views.words import NONE, moment, status
from millrace.contracts.endpoints import (
    DeliveryPage,
    DeliveryRecord,
    EndpointSecrets,
    EndpointView,
    ReplayAsked,
)

_REASONS = {
    "address_refused": "the URL may not be called: not public https on port 443, and not on the operator's list",
    "address_not_public": "the name resolves to an address that is not public",
    "not_resolved": "the name cannot be resolved",
    "connect_failed": "nobody takes the connection",
    "certificate_refused": "its certificate is not of a known authority, has expired, or is for another name",
    "tls_failed": "no encrypted connection could be agreed on",
    "timed_out": "it took longer than five seconds",
    "connection_lost": "the connection broke before there was an answer",
    "no_http": "what answered is no HTTP server, or hung up without an answer",
    "http_410": "it wants nothing any more (410): the endpoint is disabled now",
    "endpoint_disabled": "the endpoint is disabled",
    "endpoint_deleted": "the endpoint was deleted",
}


def reason(error: str) -> str:
    """Why a delivery failed, in words."""
    if error.startswith("http_3"):
        return f"it answered {error.removeprefix('http_')}: redirects are not followed, register the new URL"
    return _REASONS.get(error) or error.replace("http_", "it answered ")


def endpoints(found: Iterable[EndpointView]) -> RenderableType:
    """Every endpoint."""
    rows = [(each.endpoint_id, _state(each), each.url, f"{each.created_at:%Y-%m-%d %H:%M}") for each in found]
    if not rows:
        return line("No endpoints.")
    return table("Endpoints", ("!Endpoint", "State", "URL", "Registered (UTC)"), rows)


def endpoint(found: EndpointView, secret: EndpointSecrets | None = None) -> RenderableType:
    """One endpoint."""
    rows: list[tuple[str, str | Text]] = [
        ("URL", found.url), ("State", _state(found)), ("Registered", moment(found.created_at)),
        *(("Public key", key) for key in found.public_keys),
    ]  # fmt: skip
    if not found.enabled:
        rows.append(("Disabled", f"{moment(found.disabled_at)}: {found.disabled_reason or NONE}"))
    if found.slow_until:
        rows.append(("Left alone until", moment(found.slow_until)))
    made = table(found.endpoint_id, ("Fact", "Value"), rows)
    return Group(made, secrets(secret)) if secret else made


def secrets(found: EndpointSecrets) -> RenderableType:
    """What signs at present: each whole on its line, for copying."""
    rows = [
        row
        for each in found.secrets
        for row in (
            ("Secret (v1)", each.secret), ("Public key (v1a)", each.public_key),
            ("Signs until", moment(each.expires_at) if each.expires_at else "the next rotation and a day"),
        )
    ]  # fmt: skip
    return table(f"Secrets of {found.endpoint_id}", ("Fact", "!Value"), rows)


def deliveries(page: DeliveryPage) -> RenderableType:
    """The log, newest first."""
    if not page.deliveries:
        return line("Nothing was sent to it in the last thirty days.")
    columns = ("At (UTC)", "Kind", "Run", ">No.", "Answer", ">Time", "Reason")
    made = table("Deliveries", columns, map(_delivery, page.deliveries))
    return Group(made, line("There are more: raise --limit.")) if page.cursor else made


def tested(found: EndpointView, delivery: DeliveryRecord | None) -> RenderableType:
    """How a test went."""
    if delivery is None:
        return line("The test was asked for, and nothing is known of it yet: is the callback service running?")
    rows: list[tuple[str, str | Text]] = [
        ("Endpoint", found.endpoint_id), ("Result", status("failed" if delivery.error else "delivered")),
        ("Answer", str(delivery.status or NONE)), ("Time", f"{delivery.seconds:.2f} s"),
    ]  # fmt: skip
    if delivery.error:
        rows.append(("Reason", reason(delivery.error)))
    rows += list(delivery.headers.items())
    return table(f"Test of {found.url}", ("Fact", "Value"), rows)


def replay(asked: ReplayAsked) -> Text:
    """What was passed on."""
    return line(asked.run_id, f": delivery {asked.delivery} of {asked.event_id} asked for")


def _state(found: EndpointView) -> Text:
    if not found.enabled:
        return Text("disabled", "red")
    return Text("slow", "yellow") if found.slow_until else Text("enabled", "green")


def _delivery(each: DeliveryRecord) -> tuple[str, ...]:
    return (
        f"{each.at:%Y-%m-%d %H:%M:%S}", each.kind, each.run_id or NONE, str(each.delivery), str(each.status or NONE),
        f"{each.seconds:.2f} s", reason(each.error) if each.error else "",
    )  # fmt: skip
