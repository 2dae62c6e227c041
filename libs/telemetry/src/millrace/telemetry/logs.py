"""Structured logs: one JSON object a line, with an allow list of fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.context import SPAN_ID, TRACE_ID, current

_OWN: Final = FIELDS - {"name", "args"}
"""Of a record's attributes those that are ours; `name` is the logger's, `args` its message's."""
_KEPT: Final = "millrace_line"
"""Attribute in which a record keeps its line: it is the same for every handler."""
_LOW_64_BITS: Final = (1 << 64) - 1

QUIET: Final = (
    "celery.worker.strategy", "botocore", "boto3", "urllib3", "httpx", "kombu", "aws_encryption_sdk"
)  # fmt: skip
"""Loggers that tell of everything at INFO."""
SILENT: Final = ("celery.app.trace",)
"""Celery's words on how a task ended quote its exception. Our own lines (`millrace.worker.task_events`) tell it all
without."""


KEPT_BACK: Final = "text_kept_back"
"""What a line says in place of another's text, which may quote what it worked on; its logger, level and the exception's
type and place are told."""
_OURS: Final = ("millrace", "__main__")
_SPEAKING: Final = ("celery.worker.consumer", "celery.bootsteps", "celery.concurrency")
"""Loggers that tell how the worker and its broker are, and quote nothing else but exceptions: `worker.consumer` of ours
takes over what would quote messages.
"""
_TEMPLATES: Final = (
    "amqp", "asyncio", "billiard", "botocore", "celery", "kombu", "multiprocessing", "redis", "urllib3", "uvicorn",
)  # fmt: skip
"""Libraries whose messages are texts of their own wherever they come with arguments, which alone may quote anything."""


class LineFormatter(logging.Formatter):
    """What a log record says, for people and for machines."""

    def __init__(self, service: str, environment: str = "local", release: str = "dev") -> None:
        super().__init__()
        self.service = service
        # https://docs.datadoghq.com/getting_started/tagging/unified_service_tagging/
        self._tags = {"dd.service": service, "dd.env": environment, "dd.version": release}

    def line(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record as fields: what is bound here and now, then its own. An exception is told by its type and place;
        its text may hold data and stays out.
        """
        kept: dict[str, Any] | None = getattr(record, _KEPT, None)
        if kept is not None:
            return kept
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": message_of(record),
        }
        line.update(current())
        line.update({key: value for key, value in vars(record).items() if key in _OWN})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = _places(record.exc_info[2])
        line.update(self._tags)
        line.update(_datadog(line))
        setattr(record, _KEPT, line)
        return line


def message_of(record: logging.LogRecord) -> str:
    """What a record says; of another's only what quotes nothing: the template, where that is one."""
    logger = record.name or ""  # a record that was made of nothing but a text has none
    if _family(logger) in _OURS:
        return record.getMessage()
    if logger.startswith(_SPEAKING) and isinstance(record.args, tuple):
        return str(record.msg) % tuple(map(_unquoted, record.args))
    return str(record.msg) if told_as_template(logger, record.args) else KEPT_BACK


def _unquoted(argument: object) -> object:
    """An exception's type in place of its text."""
    return type(argument).__name__ if isinstance(argument, BaseException) else argument


def told_as_template(logger: str, arguments: object) -> bool:
    """Whether a message of this logger, before its arguments are put in, is the program's own text."""
    return _family(logger) in _OURS or (bool(arguments) and _family(logger) in _TEMPLATES)


def _family(logger: str) -> str:
    return logger.partition(".")[0]


class JsonFormatter(LineFormatter):
    """A log record as one JSON line. Fields that are not on the allow list are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return json.dumps(self.line(record), default=str)


class TextFormatter(logging.Formatter):
    """A log record for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, message and the allowed fields."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        own = {key: value for key, value in vars(record).items() if key in _OWN}
        bound = {key: value for key, value in current().items() if key in FIELDS}
        fields = " ".join(f"{key}={value}" for key, value in (bound | own).items())
        text = f"{at} {record.levelname:7} {record.getMessage()} {fields}".rstrip()
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _datadog(line: dict[str, Any]) -> dict[str, str]:
    """The ids as Datadog joins logs with traces: decimal, the low 64 bits.

    https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry/
    """
    if TRACE_ID not in line:
        return {}
    return {
        "dd.trace_id": str(int(line[TRACE_ID], 16) & _LOW_64_BITS),
        "dd.span_id": str(int(line[SPAN_ID], 16)),
    }


def _places(traceback: Any) -> list[str]:
    """File, line and function of each frame, innermost last; no source and no values."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places


def configure_logs(
    formatter: LineFormatter, log_format: str = "json", level: str = "INFO", *others: logging.Handler
) -> None:
    """Send every log line of this process to standard output, and to the `others`. Replaces what was configured before.

    Celery's loggers, that of its tasks among them, hand all they say to the root's handlers.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    replaced, root.handlers[:] = list(root.handlers), [handler, *others]
    for each in replaced:
        if each not in others:
            each.close()
    root.setLevel(level)
    for chatty in QUIET:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for silent in SILENT:
        logging.getLogger(silent).setLevel(logging.CRITICAL + 1)


def get_logger(name: str) -> logging.Logger:
    """A logger; give each line `extra={"action": …}` as its machine key."""
    return logging.getLogger(name)
