"""`millrace up | down | demo`: the local stack from the command line."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from rich.console import Console

from millrace.local.control import Control, ask_to_stop
from millrace.local.errors import LocalError, NotRunning, NotStarted
from millrace.local.process import Process, module, wait_until
from millrace.local.settings import LocalSettings, inherited_whole
from millrace.local.stack import Stack

REVIVE_S = 0.5
STOP_PATIENCE_S = 30.0

console = Console()


def up(detach: bool) -> None:
    """Start the stack: in the foreground one log stream until Ctrl-C; detached it returns when all is ready."""
    folder = _folder()
    if _state(folder) is not None:
        console.print("A stack runs from this folder already: [bold]millrace down[/] ends it.")
        raise SystemExit(1)
    if detach:
        _start_detached(folder)
    else:
        _run(folder)


def down() -> None:
    """Stop the stack that runs from this folder."""
    state = _state(_folder())
    if state is None:
        console.print("No stack runs from this folder.")
        return
    try:
        _ask(state)
    except NotRunning as error:
        console.print(str(error))
        raise SystemExit(1) from error
    console.print("The stack is down.")


def demo(file: Path | None) -> int:
    """A batch through a stack of its own, from file to callback. Returns the exit code."""
    from millrace.local.demo import show

    with resources.as_file(resources.files("millrace.local") / "sample" / "feedback.csv") as sample, _stack() as folder:
        return show(console, folder, file or sample)


@contextmanager
def _stack() -> Iterator[Path]:
    """The stack that runs from this folder, or one that lives as long as this block."""
    folder = _folder()
    if _state(folder) is not None:
        yield folder
        return
    stack = Stack(folder=folder)
    try:
        with console.status("Starting Redis, moto and eight processes of Millrace …"):
            stack.start()
        with _reviving(stack, threading.Event()):
            yield folder
    except LocalError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise SystemExit(1) from error
    finally:
        with console.status("Stopping …"):
            stack.stop()


def _run(folder: Path) -> None:
    """The stack in this process, until a signal or `millrace down`."""
    control = Control()
    stack = Stack(folder=folder, listener=_print_line, control=(control.port, control.token))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: control.stop.set())
    try:
        stack.start()
        console.print(f"[bold green]ready[/] {stack.api_url}  (key in {folder / 'stack.json'})", highlight=False)
        with _reviving(stack, control.stop):
            control.stop.wait()
    except LocalError as error:
        console.print(f"[red]{error}[/]", highlight=False)
        raise SystemExit(1) from error
    finally:
        stack.stop()
        control.close()


@contextmanager
def _reviving(stack: Stack, stop: threading.Event) -> Iterator[None]:
    """Start again what dies, as Kubernetes would."""
    done = threading.Event()

    def watch() -> None:
        while not (done.wait(REVIVE_S) or stop.is_set()):
            for name in stack.revive():
                console.print(f"[yellow]{name} died and was started again[/]", highlight=False)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _start_detached(folder: Path) -> None:
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    process = Process(
        name="stack", command=module("millrace.local"), environment=inherited_whole(), log=folder / "logs" / "stack.log"
    )
    with process.log.open("ab") as log:
        process.handle = subprocess.Popen(
            process.command, env=dict(process.environment), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        with console.status("Starting Redis, moto and eight processes of Millrace …"):
            wait_until((folder / "stack.json").exists, process, LocalSettings().start_timeout_s + 30)
    except NotStarted as error:
        process.stop()
        console.print(f"[red]{error}[/]", highlight=False)
        raise SystemExit(1) from error
    state = _state(folder) or {}
    console.print(f"[bold green]ready[/] {state.get('api_url')}", highlight=False)


def _ask(state: dict[str, object]) -> None:
    port, token = state.get("control_port"), state.get("control_token")
    if not isinstance(port, int) or not isinstance(token, str):
        raise NotRunning("the stack that runs here belongs to a demo; end that instead")
    try:
        ask_to_stop(port, token, STOP_PATIENCE_S)
    except OSError:
        # Its process is gone and left the file behind.
        (_folder() / "stack.json").unlink(missing_ok=True)


def _folder() -> Path:
    return Path(LocalSettings().state_dir).resolve()


def _state(folder: Path) -> dict[str, object] | None:
    path = folder / "stack.json"
    return json.loads(path.read_text()) if path.exists() else None


def _print_line(name: str, line: str) -> None:
    sys.stdout.write(f"{name:26} {line}\n")
