"""Logs: one JSON object a line, and nothing in it that is not on the allow list."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from millrace.telemetry.logs import JsonFormatter, TextFormatter, message_of


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(params=[JsonFormatter("nlp"), TextFormatter()], ids=["json", "text"])
def any_logger(request: pytest.FixtureRequest, stream: io.StringIO) -> Iterator[logging.Logger]:
    yield from _logger(stream, request.param)


@pytest.fixture
def json_logger(stream: io.StringIO) -> Iterator[logging.Logger]:
    yield from _logger(stream, JsonFormatter("nlp"))


def _logger(stream: io.StringIO, formatter: logging.Formatter) -> Iterator[logging.Logger]:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("millrace.tests.logs")
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel("INFO")
    yield logger
    logger.removeHandler(handler)


def test_a_line_tells_service_message_and_allowed_fields(json_logger: logging.Logger, stream: io.StringIO) -> None:
    # when
    json_logger.info("task_ended", extra={"action": "task_ended", "run_id": "run_1", "seconds": 0.5})
    # then
    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("service", "message", "action", "run_id", "seconds", "level")} == {
        "service": "nlp", "message": "task_ended", "action": "task_ended", "run_id": "run_1", "seconds": 0.5,
        "level": "info",
    }  # fmt: skip


def test_a_field_that_is_not_on_the_list_is_left_out(any_logger: logging.Logger, stream: io.StringIO) -> None:
    # when
    any_logger.info("x", extra={"text": "my card is 4111", "customer": "Ann"})
    # then
    assert "4111" not in stream.getvalue() and "Ann" not in stream.getvalue()


def test_an_exception_is_told_by_type_and_place_and_not_by_its_text(
    json_logger: logging.Logger, stream: io.StringIO
) -> None:
    # when
    try:
        raise ValueError("ann@example.com is no rating")
    except ValueError:
        json_logger.exception("part_crashed", extra={"action": "part_crashed"})
    # then
    line = json.loads(stream.getvalue())
    assert line["error"] == "ValueError"
    assert "test_logs.py" in line["traceback"][-1]
    assert "ann@example.com" not in stream.getvalue()


def test_what_others_say_is_told_only_where_it_is_their_own_text() -> None:
    # given
    def line(logger: str, text: object, *arguments: object) -> str:
        record = logging.LogRecord(logger, logging.ERROR, "x.py", 1, text, arguments, None)
        return str(JsonFormatter("nlp").line(record)["message"])

    # then: a text that was put together may quote anything, and so may arguments
    assert line("asyncio", "Task exception was never retrieved: ValueError('anna@example.com')") == "text_kept_back"
    assert line("celery.utils.dispatch.signal", "Signal handler %r raised: %r", "on_end", ValueError("anna")) == (
        "Signal handler %r raised: %r"
    )
    assert line("some.library", "anna %s", 1) == line("root", "anna") == "text_kept_back"
    assert line("millrace.nlp", "parts of %s", "a") == "parts of a"


def test_a_worker_says_how_its_broker_is_but_not_in_the_words_of_an_exception() -> None:
    # given
    worker = logging.LogRecord(
        "celery.worker.consumer.consumer", logging.WARNING, "x.py", 1, "%s (%r)",
        ("Trying to re-establish the connection...", ValueError("anna@example.com")), None,
    )  # fmt: skip
    # when / then
    assert message_of(worker) == "Trying to re-establish the connection... ('ValueError')"
