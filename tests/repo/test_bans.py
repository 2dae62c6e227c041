"""What our code must not do (`bans.py`): each ban is proven on a planted example, then held against every module."""

import ast

import pytest
from tests.repo.bans import BANS

HOUSE = "libs/view/src/millrace/view/charts/house.py"
EXEMPT = {
    (HOUSE, "XML that is not defused"): "reads back the SVG that matplotlib has just drawn, and nothing from outside",
}
"""Module and ban → why it is right there."""


@pytest.mark.parametrize("name", BANS)
def test_a_planted_example_is_found_and_what_looks_alike_is_not(name):
    assert list(BANS[name].lines(ast.parse(BANS[name].planted))) == [1]
    assert list(BANS[name].lines(ast.parse(BANS[name].fine))) == []


@pytest.mark.parametrize("name", BANS)
def test_no_module_of_ours_does_it(repository, name):
    places = [
        f"{repository.name(path)}:{line}"
        for folder in repository.folders
        # The tests' own library asserts, and is in no image.
        if folder.kind in BANS[name].where and folder.name != "testing"
        for path in folder.modules()
        if (repository.name(path), name) not in EXEMPT
        for line in BANS[name].lines(ast.parse(path.read_text()))
    ]
    assert places == []


def test_every_exemption_is_needed(repository):
    for module, name in EXEMPT:
        assert list(BANS[name].lines(ast.parse((repository.root / module).read_text()))), f"{module}: {name}"
