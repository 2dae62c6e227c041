import json
from pathlib import Path

import pytest

from millrace.client.errors import SettingsError
from millrace.client.settings import DEFAULT_URL, Settings, read

STACK = {
    "api_url": "http://127.0.0.1:4711",
    "api_key": "local-key",
    "callback_url": "http://127.0.0.1:4712/hook",
    "report_dir": "reports",
}


def stack_file(folder: Path, **changes: str) -> Path:
    path = folder / ".millrace" / "stack.json"
    path.parent.mkdir()
    path.write_text(json.dumps(STACK | changes))
    return path


def test_without_anything_the_address_is_the_default(tmp_path: Path) -> None:
    assert read({}, tmp_path) == Settings(api_url=DEFAULT_URL, source="default")


def test_variables_are_read(tmp_path: Path) -> None:
    # given / when
    found = read({"MILLRACE_API_URL": "https://api.example", "MILLRACE_API_KEY": "k"}, tmp_path)

    # then
    assert (found.api_url, found.api_key, found.source) == ("https://api.example", "k", "MILLRACE_API_URL")


def test_the_stack_of_a_parent_directory_is_found(tmp_path: Path) -> None:
    # given
    path = stack_file(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    # when
    found = read({}, below)

    # then
    assert found == Settings(
        api_url="http://127.0.0.1:4711", api_key="local-key", callback_url="http://127.0.0.1:4712/hook",
        report_dir=Path("reports"), source=str(path),
    )  # fmt: skip


def test_a_key_of_ones_own_goes_before_that_of_the_stack(tmp_path: Path) -> None:
    stack_file(tmp_path)

    assert read({"MILLRACE_API_KEY": "mine"}, tmp_path).api_key == "mine"


def test_the_stacks_key_is_not_sent_to_another_address(tmp_path: Path) -> None:
    # given
    stack_file(tmp_path)

    # when
    found = read({"MILLRACE_API_URL": "https://api.example"}, tmp_path)

    # then
    assert (found.api_key, found.callback_url, found.report_dir) == ("", None, None)


def test_a_stack_named_by_its_variable_keeps_its_key(tmp_path: Path) -> None:
    stack_file(tmp_path)

    assert read({"MILLRACE_API_URL": "http://127.0.0.1:4711/"}, tmp_path).api_key == "local-key"


@pytest.mark.parametrize("url", ["https://api.example", "http://10.0.0.1:80", "http://127.0.0.1.example", ""])
def test_a_stack_on_another_machine_is_refused(tmp_path: Path, url: str) -> None:
    stack_file(tmp_path, api_url=url)

    with pytest.raises(SettingsError, match="not this machine"):
        read({"MILLRACE_API_KEY": "mine"}, tmp_path)


def test_an_unreadable_stack_is_an_error_that_does_not_quote_it(tmp_path: Path) -> None:
    # given
    path = stack_file(tmp_path)
    path.write_text('{"api_key": "local-key"')

    # when / then
    with pytest.raises(SettingsError, match="not a local stack's file") as caught:
        read({}, tmp_path)
    assert "local-key" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_settings_do_not_print_the_key() -> None:
    assert "secret" not in repr(Settings(api_key="secret"))
