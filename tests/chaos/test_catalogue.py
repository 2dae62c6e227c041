"""The catalogue holds something for every fault class, and its draws are the seed's."""

import re
from pathlib import Path
from random import Random

import pytest
from tests.chaos import catalogue
from tests.chaos.scenario import ALL, FAULTS

from millrace.worker.crash import POINTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("broker", ["redis", "sqs"])
def test_every_fault_class_can_be_played(broker: str) -> None:
    assert {scenario.fault for scenario in catalogue.of(broker)} >= FAULTS.keys() - {"F4"}


def test_every_fault_class_is_played_on_some_broker() -> None:
    assert {scenario.fault for broker in ALL for scenario in catalogue.of(broker)} == FAULTS.keys()


@pytest.mark.parametrize("broker", ALL)
def test_names_are_unique_on_each_broker(broker: str) -> None:
    names = [scenario.name for scenario in catalogue.of(broker)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("broker", ALL)
def test_a_draw_is_repeated_by_its_seed_and_leaves_out_no_class(broker: str) -> None:
    first, second, other = (
        [each.name for each in catalogue.draw(broker, Random(seed), 60, whole=True)] for seed in ("1", "1", "2")
    )
    assert first == second != other
    every = {scenario.fault for scenario in catalogue.of(broker)}
    drawn = {each.fault for each in catalogue.of(broker) if each.name in first}
    assert drawn == every


def test_every_crash_point_is_ordered_by_some_scenario_and_is_a_line_of_the_product() -> None:
    kills = (ROOT / "tests/chaos/faults/kills.py").read_text()
    sources = [*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    called = {name for path in sources for name in re.findall(r'\bpoint\("([a-z_]+)"\)', path.read_text())}
    assert called == POINTS.keys()
    assert [name for name in POINTS if not re.search(rf'"{name}(@\w+)?"', kills)] == []
