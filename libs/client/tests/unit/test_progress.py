import io
from collections.abc import Callable

from rich.console import Console

from millrace.client.views.progress import progress
from millrace.contracts.api import RunView


def shown(runs: list[RunView], terminal: bool) -> str:
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None, _environ={})
    with progress(console) as show:
        for run in runs:
            show(run)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def bars(runs: list[RunView]) -> list[str]:
    """The last drawing, which stays: one line for each stage."""
    return [line for line in shown(runs, terminal=True).splitlines() if "━" in line][-3:]


def test_elsewhere_than_on_a_terminal_each_change_is_a_line(make_view: Callable[..., RunView]) -> None:
    # given
    walk = [make_view("accepted"), make_view("running", 0), make_view("running", 0), make_view("running", None, 1)]

    # when
    lines = shown([*walk, make_view("completed", None, None, None)], terminal=False).splitlines()

    # then
    assert lines == [
        "datasets: running, 0 of 2 parts",
        "datasets: joined, 2 of 2 parts, 0.50 s",
        "annotate: running, 1 of 4 parts",
        "annotate: joined, 4 of 4 parts, 0.50 s",
        "report: joined, 1 of 1 part, 0.50 s",
    ]


def test_on_a_terminal_every_stage_has_a_bar(make_view: Callable[..., RunView]) -> None:
    # given / when
    last = bars([make_view("accepted"), make_view("running", None, 1)])

    # then
    datasets, annotate, report = (line.split() for line in last)
    assert datasets[2:] == ["2", "of", "2", "parts", "0.50", "s"]
    assert annotate[-6:-2] == ["1", "of", "4", "parts"]
    assert report[-1] == "waiting"


def test_a_bar_is_as_long_as_the_share_of_its_parts(make_view: Callable[..., RunView]) -> None:
    # given / when: 35 characters at a width of 80, the last of a half bar drawn as a half
    last = bars([make_view("running", None, 2)])

    # then
    assert last[0].count("━") == 35
    assert last[1].count("━") + last[1].count("╸") / 2 == 17.5
