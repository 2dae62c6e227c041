"""Every field that the code hands to a log line is on the allow list: another would be left out in silence."""

import ast

from millrace.telemetry.attributes import FIELDS


def _extras(tree):
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        for keyword in call.keywords:
            if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
                yield from (key.value for key in keyword.value.keys if isinstance(key, ast.Constant))


def test_every_log_field_is_allowed(repository):
    sources = [
        path for pattern in ("libs/*/src", "services/*/src", "platform/*/src")
        for folder in repository.root.glob(pattern) for path in folder.rglob("*.py")
    ]  # fmt: skip
    used = {field: repository.name(path) for path in sources for field in _extras(ast.parse(path.read_text()))}
    assert len(used) > 20
    assert {field: where for field, where in used.items() if field not in FIELDS} == {}
