"""`millrace callbacks`: endpoints, their secrets, and what was delivered to them."""

from typing import Annotated

import typer

from millrace.client.cli_common import Json

callbacks = typer.Typer(help="Callback endpoints and deliveries.", no_args_is_help=True, rich_markup_mode=None)
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its id, or its URL.")]


@callbacks.command("test")
def test_url(
    url: str,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Longest wait for the outcome.")] = 20.0,
    as_json: Json = False,
) -> None:
    """Send a signed test event to a URL, and show how it went. A new URL is registered.

    Exit code: 0 delivered; 1 not taken; 2 refused, as when it may not be called; 3 no answer.
    """
    from millrace.client import callback_commands

    callback_commands.test(url, timeout, as_json=as_json)


@callbacks.command("list")
def list_endpoints(as_json: Json = False) -> None:
    """List the endpoints. Exit code: 0 listed; 2 refused; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.show_all(as_json=as_json)


@callbacks.command("show")
def show_endpoint(
    endpoint: Endpoint,
    secret: Annotated[bool, typer.Option("--secret", help="With the secrets that sign at present.")] = False,
    as_json: Json = False,
) -> None:
    """Show an endpoint. Exit code: 0 shown; 2 there is none; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.show(endpoint, secret=secret, as_json=as_json)


@callbacks.command("rotate")
def rotate_secret(endpoint: Endpoint, as_json: Json = False) -> None:
    """Make new signing secrets; the former ones sign along for 24 hours. Exit code: 0 made; 2 refused; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.rotate(endpoint, as_json=as_json)


@callbacks.command("enable")
def enable_endpoint(endpoint: Endpoint, as_json: Json = False) -> None:
    """Deliver to an endpoint again. Exit code: 0 enabled; 2 refused; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.enable(endpoint, as_json=as_json)


@callbacks.command("disable")
def disable_endpoint(
    endpoint: Endpoint,
    reason: Annotated[str, typer.Option(help="Shown with it.")] = "",
    as_json: Json = False,
) -> None:
    """Deliver nothing to an endpoint any more. Exit code: 0 disabled; 2 refused; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.disable(endpoint, reason, as_json=as_json)


@callbacks.command("deliveries")
def list_deliveries(
    endpoint: Endpoint,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to list.")] = 20,
    as_json: Json = False,
) -> None:
    """List what was sent to an endpoint, newest first. Exit code: 0 listed; 2 refused; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.deliveries(endpoint, limit, as_json=as_json)


@callbacks.command("replay")
def replay_callback(run: str, as_json: Json = False) -> None:
    """Deliver a run's callback once more. Exit code: 0 asked for; 2 refused, as while one is due; 3 no answer."""
    from millrace.client import callback_commands

    callback_commands.replay(run, as_json=as_json)
