"""The flows: definitions of runs, as data. One TOML file each."""

import tomllib
from importlib import resources

from pydantic import ValidationError

from millrace.contracts.catalogue import task
from millrace.contracts.errors import InvalidFlow
from millrace.contracts.flow import ANY_STEP, BATCH, Flow, Step

RUN_FIELD = "run"
"""The input field that the plan itself fills in: what is known of the run so far."""


def load() -> dict[str, Flow]:
    """Every flow by name, checked against the catalogue; InvalidFlow names the file and the fault."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml")]
    flows = (parse(file.name, file.read_text()) for file in sorted(files, key=lambda each: each.name))
    return {flow.name: flow for flow in flows}


def parse(origin: str, text: str) -> Flow:
    """One flow from TOML."""
    try:
        flow = Flow.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise InvalidFlow(f"{origin}: {error}") from error
    for step in flow.steps():
        _check(origin, flow, step)
    return flow


def _check(origin: str, flow: Flow, step: Step) -> None:
    spec = task(step.task)
    fields = spec.input.model_fields
    unknown = [name for name in (*step.inputs, *step.params) if name not in fields]
    if unknown:
        raise InvalidFlow(f"{origin}: step {step.name}: {spec.name} takes no {', '.join(unknown)}")
    missing = [
        name
        for name, field in fields.items()
        if field.is_required() and name not in (*step.inputs, *step.params) and name != RUN_FIELD
    ]
    if missing:
        raise InvalidFlow(f"{origin}: step {step.name}: {spec.name} needs {', '.join(missing)}")
    for source in step.inputs.values():
        _check_source(origin, flow, step, source)


def _check_source(origin: str, flow: Flow, step: Step, source: str) -> None:
    producer, _, output = source.partition(".")
    if source == BATCH or producer == ANY_STEP:
        return
    made_by = next(each for each in flow.steps() if each.name == producer)
    if output not in task(made_by.task).outputs:
        raise InvalidFlow(f"{origin}: step {step.name}: {made_by.task} has no output {output!r}")
