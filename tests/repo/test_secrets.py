"""Secrets in settings: no representation and no error of a settings class shows one."""

import importlib
import re
import stat

import pytest
from pydantic import ValidationError

from millrace.contracts.settings import SHORTEST_SECRET, Settings, split
from millrace.testing.secrets import MESSAGE_SECRET

HIDDEN = re.compile(r"secret|(^|_)keys?$|pepper|token|password|dsn|(broker|redis)_url|(^|_)ledger$")
"""Names of fields that hold secrets: addresses among them, which may name a user and his password."""


def _settings(repository):
    """Every settings class: each settings.py is imported, then their common parent is asked."""
    for folder in repository.folders:
        for path in folder.modules():
            if path.name == "settings.py":
                importlib.import_module(".".join(path.relative_to(folder.path / "src").with_suffix("").parts))
    importlib.import_module("millrace.testing.nap_app")
    found, waiting = [], [Settings]
    while waiting:
        known = waiting.pop()
        found.append(known)
        waiting += known.__subclasses__()
    return [each for each in found if each.__module__.startswith("millrace.")]


def test_no_representation_shows_a_secret(repository):
    shown = [
        f"{each.__name__}.{name}"
        for each in _settings(repository)
        for name, field in each.model_fields.items()
        if HIDDEN.search(name) and field.repr
    ]
    assert shown == []


def test_no_error_quotes_what_it_was_given(repository):
    assert [each for each in _settings(repository) if not each.model_config.get("hide_input_in_errors")] == []


def test_the_rule_knows_the_secrets_there_are(repository):
    names = {name for each in _settings(repository) for name in each.model_fields if HIDDEN.search(name)}
    assert {"broker_url", "redis_url", "message_secret", "link_secret", "key_pepper", "sentry_dsn"} <= names


class Sealed(Settings):
    """Settings of this test."""

    secret: str


def test_a_secret_comes_from_a_file_without_its_line_break(tmp_path, monkeypatch):
    # given
    file = tmp_path / "secret"
    file.write_text("hunter2 \n")
    file.chmod(stat.S_IRUSR)
    monkeypatch.setenv("MILLRACE_SECRET_FILE", str(file))
    # when / then
    assert Sealed().secret == "hunter2 "
    assert Sealed(secret="given").secret == "given"


def test_a_variable_and_a_file_for_one_field_are_refused(tmp_path, monkeypatch):
    # given
    (tmp_path / "secret").write_text("hunter2")
    monkeypatch.setenv("MILLRACE_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("MILLRACE_SECRET", "hunter3")
    # when / then
    with pytest.raises(ValidationError, match="MILLRACE_SECRET and MILLRACE_SECRET_FILE are both set") as caught:
        Sealed()
    assert "hunter" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_by_the_variables_name(tmp_path, monkeypatch):
    monkeypatch.setenv("MILLRACE_SECRET_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ValidationError, match="MILLRACE_SECRET_FILE names cannot be read"):
        Sealed()


def test_several_secrets_are_taken_apart_at_commas():
    assert split(f"{MESSAGE_SECRET}, {MESSAGE_SECRET} ,") == (MESSAGE_SECRET, MESSAGE_SECRET)
    assert len(MESSAGE_SECRET) >= SHORTEST_SECRET
