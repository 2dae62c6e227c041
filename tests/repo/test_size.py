"""Budgets that keep modules, functions and tests readable. They are there to be noticed, not to be gamed."""

import ast
import statistics

MODULE_LINES = 300
FUNCTION_LINES = 60
MOCKS_PER_100_TESTS = 20
MOCKS = {"Mock", "MagicMock", "AsyncMock", "patch", "create_autospec"}


def test_modules_are_short(repository, capsys):
    lengths = {path: len(path.read_text().splitlines()) for folder in repository.folders for path in folder.modules()}
    written = [length for length in lengths.values() if length > 1]
    with capsys.disabled():
        print(f"\n{len(written)} modules, median {statistics.median(written):.0f} lines, longest {max(written)}")
    assert {repository.name(path): length for path, length in lengths.items() if length > MODULE_LINES} == {}


def test_functions_are_short(repository):
    long = {
        f"{repository.name(path)}:{node.name}": length
        for folder in repository.folders
        for path in folder.modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_tests_hardly_mock(repository):
    trees = [ast.parse(path.read_text()) for path in repository.files if path.suffix == ".py" and "tests" in path.parts]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    tests = sum(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in nodes)
    mocks = sum(isinstance(node, ast.Call) and _name(node.func) in MOCKS for node in nodes)
    assert mocks * 100 < MOCKS_PER_100_TESTS * tests


def _name(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
