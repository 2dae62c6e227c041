"""Flows: data that is checked before anything runs."""

import pytest

from millrace.contracts.errors import InvalidFlow, UnknownTask
from millrace.orchestrator.flows import load, parse

HEAD = 'name = "x"\nreport = "a.ratings"\n[[stages]]\nname = "one"\nbudget_s = 1.0\n'


def flow(step: str) -> str:
    return f"{HEAD}steps = [{{ {step} }}]"


def test_the_flow_that_ships_fits_the_catalogue_and_its_budget() -> None:
    # when
    found = load()["customer-feedback"]
    # then
    assert [stage.name for stage in found.stages] == ["datasets", "annotate", "insight", "report"]
    assert sum(stage.budget_s for stage in found.stages) <= found.deadline_s - found.reserve_s


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ('name = "a", task = "dataset.customers.ratings"', "needs batch"),
        ('name = "a", task = "dataset.customers.ratings", inputs = { bach = "run.batch" }', "takes no bach"),
        ('name = "a", task = "dataset.customers.ratings", inputs = { batch = "b.batch" }', "comes from no earlier"),
        ('name = "a", task = "dataset.customers.ratings", inputs = { batch = "run.batch" }, each = "x"', "none of its"),
    ],
    ids=["input missing", "input misspelt", "source unknown", "mapped over nothing"],
)
def test_a_step_that_does_not_fit_is_refused_with_its_name(step: str, complaint: str) -> None:
    # when / then
    with pytest.raises(InvalidFlow, match=complaint):
        parse("x.toml", flow(step))


def test_a_task_that_nobody_offers_is_refused() -> None:
    # when / then
    with pytest.raises(UnknownTask, match=r"no\.such"):
        parse("x.toml", flow('name = "a", task = "no.such"'))


def test_budgets_that_leave_no_reserve_are_refused() -> None:
    # given
    text = flow('name = "a", task = "dataset.customers.ratings", inputs = { batch = "run.batch" }')
    # when / then
    with pytest.raises(InvalidFlow, match="exceed the deadline"):
        parse("x.toml", text.replace("budget_s = 1.0", "budget_s = 9.5"))
