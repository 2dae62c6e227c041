"""Configuration is read in one place a folder, and every variable is in the README's table."""

import ast
import re

from millrace.contracts.services import DEPLOYMENTS

EVERYWHERE = {
    "MILLRACE_AWS_ENDPOINT_URL",
    "MILLRACE_BROKER_URL",
    "MILLRACE_KMS_KEY_ARN",
    "MILLRACE_LOG_FORMAT",
    "MILLRACE_MESSAGE_SECRET",
    "MILLRACE_REDIS_URL",
}
NEEDED = {
    "callback": {"MILLRACE_API_URL", "MILLRACE_CALLBACK_ALLOW"},
    "ingestion": {"MILLRACE_KEY_PEPPER", "MILLRACE_CALLBACK_ALLOW", "MILLRACE_HOST", "MILLRACE_PORT"},
}
SETTINGS = ("Settings", "EnvironmentSettings", "BrokerSettings")
"""Names under which settings classes inherit from the contracts' `Settings`."""
VARIABLE = re.compile(r"\bMILLRACE_[A-Z0-9_]*[A-Z0-9]\b")


def test_only_settings_read_the_environment(repository):
    readers = [
        repository.name(path)
        for folder in repository.folders
        for path in folder.modules()
        if path.name != "settings.py" and _reads_environment(ast.parse(path.read_text()))
    ]
    assert readers == []


def test_the_readme_has_every_variable_and_no_other(repository):
    rows = [line for line in (repository.root / "README.md").read_text().splitlines() if line.startswith("|")]
    assert set(VARIABLE.findall("\n".join(rows))) == _declared(repository)


def test_manifests_set_only_variables_that_are_read(repository):
    declared = _declared(repository)
    for path in repository.files:
        if path.suffix in (".yaml", ".env") or path.name == "Dockerfile":
            # Any of them may be given as a file.
            named = VARIABLE.findall(path.read_text())
            unknown = {name for name in named if not {name, name.removesuffix("_FILE")} & declared}
            assert unknown == set(), repository.name(path)


def test_every_container_is_told_what_it_needs(containers):
    for deployment in DEPLOYMENTS:
        told = set(containers[deployment.name]["environment"])
        assert (EVERYWHERE | NEEDED.get(deployment.service, set())) - told == set(), deployment.name


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
    """Fields of each settings class, under the prefix that the class names or inherits."""
    found = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.ClassDef) and any(getattr(base, "id", "") in SETTINGS for base in each.bases):
            named = re.search(r"'(MILLRACE_[A-Z_]*)'", ast.dump(each))
            prefix = named[1] if named else "MILLRACE_"
            fields = [node.target.id for node in each.body if isinstance(node, ast.AnnAssign)]
            found |= {f"{prefix}{field.upper()}" for field in fields if field != "prefix"}
    return found


def _reads_environment(tree):
    names = {"environ", "getenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names and getattr(node.value, "id", "") == "os")
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {each.name for each in node.names})
        for node in ast.walk(tree)
    )
