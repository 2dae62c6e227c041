"""Configuration is read in one place a folder, and every variable is in the README's table."""

import ast
import re

import yaml

VARIABLE = re.compile(r"\bMILLRACE_[A-Z0-9_]*[A-Z0-9]\b")


def test_only_settings_read_the_environment(repository):
    readers = [
        repository.name(path)
        for folder in repository.folders
        for path in folder.modules()
        if path.name != "settings.py" and _reads_environment(ast.parse(path.read_text()))
    ]
    assert readers == []


def test_every_variable_is_in_the_readme(repository):
    table = "\n".join(line for line in (repository.root / "README.md").read_text().splitlines() if line.startswith("|"))
    assert _declared(repository) - set(VARIABLE.findall(table)) == set()


def test_the_readme_names_no_variable_that_nobody_reads(repository):
    table = "\n".join(line for line in (repository.root / "README.md").read_text().splitlines() if line.startswith("|"))
    assert set(VARIABLE.findall(table)) - _declared(repository) == set()


def test_manifests_set_only_variables_that_are_read(repository):
    declared = _declared(repository)
    for path in repository.files:
        if path.suffix in (".yaml", ".yml") or path.name == "Dockerfile":
            unknown = set(VARIABLE.findall(path.read_text())) - declared
            assert unknown == set(), repository.name(path)


def test_every_container_is_told_where_its_backing_services_are(repository):
    needed = {"MILLRACE_BROKER_URL", "MILLRACE_REDIS_URL", "MILLRACE_AWS_ENDPOINT_URL", "MILLRACE_KMS_KEY_ARN"}
    containers = yaml.safe_load((repository.root / "compose.yaml").read_text())["services"]
    for name, container in containers.items():
        if "SERVICE" in container.get("build", {}).get("args", {}):
            assert needed - set(container["environment"]) == set(), name


def _declared(repository):
    """Variables that some settings.py reads: fields of settings with our prefix, and names spelt out."""
    found = set()
    for folder in repository.folders:
        for path in folder.modules():
            if path.name == "settings.py":
                text = path.read_text()
                found |= set(VARIABLE.findall(text)) | _fields(ast.parse(text))
    return found


def _fields(tree):
    return {
        f"MILLRACE_{node.target.id.upper()}"
        for each in ast.walk(tree)
        if isinstance(each, ast.ClassDef) and any("MILLRACE_" in ast.dump(node) for node in each.body)
        for node in each.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _reads_environment(tree):
    return any(
        (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and getattr(node.value, "id", "") == "os")
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and {each.name for each in node.names} & {"environ", "getenv"})
        for node in ast.walk(tree)
    )  # fmt: skip
