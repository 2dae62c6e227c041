"""A file on its way: a bar on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextmanager
def sending(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Shows what it is called with: the bytes that have arrived, and those of the whole file."""
    if not console.is_interactive:
        yield lambda sent, size: None
        return
    columns = (TextColumn("uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("upload", total=None)
        yield lambda sent, size: bars.update(task, completed=sent, total=size)
