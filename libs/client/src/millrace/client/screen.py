"""Where the command line writes, and which exit code an error has."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import BaseModel
from rich.console import Console, RenderableType
from typer import Exit

from millrace.client.calls import TURNED_AWAY
from millrace.client.errors import BadAnswer, ClientError, ProblemError, Unavailable, WaitTimeout
from millrace.client.views.problem import problem
from millrace.client.views.tables import line

ENDED_BADLY = 1
REFUSED = 2
UNREACHABLE = 3
INTERRUPTED = 130
"""128 and SIGINT's number, as shells have it."""


def _stdout() -> Console:
    return Console(highlight=False, soft_wrap=False)


def _stderr() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=False)


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Results go to stdout, all else to stderr; with `as_json`, stdout gets one JSON document and nothing more."""

    as_json: bool = False
    out: Console = field(default_factory=_stdout)
    err: Console = field(default_factory=_stderr)

    def show(self, found: RenderableType) -> None:
        """A part of the result in words; with `as_json` the document stands for it."""
        if not self.as_json:
            self.out.print(found)

    def say(self, text: str) -> None:
        """A line of the result that holds an address or a path: left whole, so that it can be copied."""
        if not self.as_json:
            self.out.print(line(text), soft_wrap=True)

    def document(self, found: BaseModel | dict[str, BaseModel | None]) -> None:
        """The result as JSON, where that was asked for."""
        if not self.as_json:
            return
        if isinstance(found, BaseModel):
            value = found.model_dump(mode="json")
        else:
            value = {name: each.model_dump(mode="json") if each else None for name, each in found.items()}
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def tell(self, text: str) -> None:
        """A remark beside the result."""
        self.err.print(line(text), soft_wrap=True)

    @contextmanager
    def errors(self, address: str = "") -> Iterator[None]:
        """Say what went wrong and leave with its exit code. `address`: where the API was looked for, and why there."""
        try:
            yield
        except ProblemError as error:
            self.err.print(problem(error.problem, _hint(error, address)))
            self.document(error.problem)
            raise Exit(_code(error)) from error
        except ClientError as error:
            self.err.print(line(str(error), style="bold red"))
            raise Exit(_code(error)) from error


def _code(error: Exception) -> int:
    return UNREACHABLE if isinstance(error, Unavailable | WaitTimeout | BadAnswer) else REFUSED


def _hint(error: ProblemError, address: str) -> str:
    if error.problem.status == 401:
        return f"The key is in MILLRACE_API_KEY; the API is {address}."
    if error.problem.status == TURNED_AWAY:
        return _come_back(error.retry_after_s)
    if isinstance(error, Unavailable):
        return f"Asked {address}. `millrace up` starts a local stack."
    return ""


def _come_back(seconds: float | None) -> str:
    when = "later" if seconds is None else f"in {seconds:.0f} s"
    return f"The API has too much to do; nothing was accepted. Try again {when}."
