"""A run: how it stands, what its steps covered, what is missing, and its callback."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from millrace.client.views.tables import Cell, line, numbered, table
from millrace.client.views.words import NONE, count, coverage, moment, plain, seconds, status
from millrace.contracts.api import AttemptView, RunView, StageView, StepView
from millrace.contracts.run import RunStatus


def run(view: RunView) -> Group:
    """All that the run says of itself."""
    return Group(*_parts(view))


def callback(view: RunView) -> Text:
    """Where the run's callback is."""
    found = view.callback
    if found is None:
        return line("Callback: none was asked for")
    answer = f", last answer HTTP {found.last_status}" if found.last_status else ""
    tries = f" ({count(found.deliveries, 'try', 'tries')}{answer}, event {found.event_id})"
    at = f" at {moment(found.delivered_at)}" if found.delivered_at else ""
    return line("Callback: ", status(found.status.value), at, tries)


def stage_seconds(stage: StageView) -> str:
    """From dispatch to join, by the API's clock; empty while it is not joined."""
    if stage.started_at is None or stage.joined_at is None:
        return ""
    return seconds((stage.joined_at - stage.started_at).total_seconds())


def _parts(view: RunView) -> Iterator[RenderableType]:
    yield line(view.run_id, f": {view.flow}, {count(view.records, 'record')}", _attempt(view))
    yield line(status(view.status.value, bold=True), _time(view))
    yield from (line(note) for note in _notes(view))
    yield Text()
    yield table("Steps", ("Stage", ">Time", "Step", "Status", ">Parts", ">Coverage"), _steps(view))
    if view.gaps:
        rows = ((gap.step, gap.reason, gap.effect) for gap in view.gaps)
        yield table("Gaps", ("Step", "Reason", "What is missing"), rows)
    if len(view.attempts) > 1:
        columns = ("Attempt", "Status", "Began", ">Time", "Reason", "Callback")
        yield table("Attempts", columns, map(_attempt_row, view.attempts))
    if view.metadata:
        yield numbered("Metadata", (line(f"{name}: {value}") for name, value in view.metadata.items()), "-")


def _attempt(view: RunView) -> str:
    return f", attempt {view.attempt}" if view.attempt > 1 else ""


def _attempt_row(attempt: AttemptView) -> tuple[Cell, ...]:
    time = seconds((attempt.ended_at - attempt.began_at).total_seconds()) if attempt.ended_at else ""
    called = status(attempt.callback.status.value) if attempt.callback else NONE
    return str(attempt.number), status(attempt.status.value), moment(attempt.began_at), time, attempt.reason, called


def _time(view: RunView) -> str:
    if view.ended_at is None or view.seconds is None:
        return f" since {moment(view.accepted_at)}, due by {moment(view.deadline_at)}"
    first = sum(attempt.ended_at is not None for attempt in view.attempts) < 2
    began = "acceptance" if first else "the redrive"
    # The deadline is the newest attempt's, and so says nothing of an end before that began.
    late = 0.0 if view.redriving else (view.ended_at - view.deadline_at).total_seconds()
    over = f", {seconds(late)} past its deadline" if late > 0 else ""
    return f" in {seconds(view.seconds)} from {began} to the end{over}"


def _notes(view: RunView) -> Iterator[str]:
    """What the status alone would not tell."""
    if view.redriving:
        yield f"Attempt {view.attempt} is at work, due by {moment(view.deadline_at)}; the steps are its own."
    if view.reason:
        yield f"Reason: {view.reason}"
    if view.status is RunStatus.PARTIAL and view.gaps:
        missing = count(len({gap.step for gap in view.gaps}), "step is", "steps are")
        yield f"{missing} missing; what is shown rests on the others alone."
    sampled = [step.name for stage in view.stages for step in stage.steps if _sampled(step)]
    if sampled:
        yield f"Only a part of the feedback was looked at by: {', '.join(sampled)}."
    if view.status.terminal and "report" not in view.links:
        yield "There is no report."


def _sampled(step: StepView) -> bool:
    return step.coverage is not None and step.coverage.seen < step.coverage.total


def _steps(view: RunView) -> Iterator[tuple[Cell, ...]]:
    for stage in view.stages:
        time = stage_seconds(stage) or stage.status
        if not stage.steps:
            yield stage.name, time, "", "", "", ""
        for number, step in enumerate(stage.steps):
            first = number == 0
            yield (
                stage.name if first else "", time if first else "", step.name, _status(step),
                f"{step.parts_done}/{step.parts}", coverage(step.coverage),
            )  # fmt: skip


def _status(step: StepView) -> Text:
    made = status(step.status)
    if step.reason:
        made.append(f" ({plain(step.reason)})")
    if step.reused_from is not None:
        made.append(f" (reused from attempt {step.reused_from})")
    return made
