"""Where the API is and with which key: the only reader of the environment.

A plain dataclass: pydantic-settings takes longer to import than the whole command line.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from millrace.client.errors import SettingsError

DEFAULT_URL = "http://127.0.0.1:8080"
STACK_FILE = Path(".millrace/stack.json")
"""What a running local stack says of itself, in the directory where it was started."""


class Stack(BaseModel):
    """The local stack's file."""

    model_config = ConfigDict(frozen=True)

    api_url: str
    api_key: str
    callback_url: str | None = None
    """The stack's own consumer, for runs that name none."""
    report_dir: Path | None = None
    """Where reports are kept for reading without the API."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where to send requests, and as whom."""

    api_url: str = DEFAULT_URL
    api_key: str = field(default="", repr=False)
    callback_url: str | None = None
    report_dir: Path | None = None
    source: str = "default"
    """Where the address is from: a variable, the stack's file, or `default`."""


def read(environ: Mapping[str, str] = os.environ, directory: Path | None = None) -> Settings:
    """Settings from the variables, then from the stack of this directory or its parents, then by default.

    The stack's key is sent to the stack only. SettingsError when something is there but cannot be used.
    """
    path = _find(directory or Path.cwd())
    stack = _load(path) if path else None
    variable = environ.get("MILLRACE_API_URL", "").strip()
    url = variable or (stack.api_url if stack else DEFAULT_URL)
    key = environ.get("MILLRACE_API_KEY", "").strip()
    source = "MILLRACE_API_URL" if variable else str(path or "default")
    if stack is None or url.rstrip("/") != stack.api_url.rstrip("/"):
        return Settings(api_url=url, api_key=key, source=source)
    return Settings(
        api_url=url, api_key=key or stack.api_key, callback_url=stack.callback_url, report_dir=stack.report_dir,
        source=source,
    )  # fmt: skip


def _find(directory: Path) -> Path | None:
    candidates = (folder / STACK_FILE for folder in (directory, *directory.parents))
    return next((path for path in candidates if path.is_file()), None)


def _load(path: Path) -> Stack:
    try:
        stack = Stack.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        # The cause would quote the file, and the key is in it.
        raise SettingsError(f"{path} is not a local stack's file; `millrace up` writes a new one") from None
    if not _loopback(stack.api_url):
        # A file that lies about must not send the caller's key to another machine.
        raise SettingsError(f"{path} names {stack.api_url}, which is not this machine")
    return stack


def _loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
