"""Structured logs: one JSON object a line, with an allow list of fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from millrace.telemetry.attributes import FIELDS


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line. Fields that are not on the allow list are left out."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line. An exception is told by its type and place; its text may hold data and stays out."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key in FIELDS and key != "name"})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = _places(record.exc_info[2])
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """A log record for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, message and the allowed fields."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        fields = " ".join(f"{key}={value}" for key, value in vars(record).items() if key in FIELDS and key != "name")
        text = f"{at} {record.levelname:7} {record.getMessage()} {fields}".rstrip()
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _places(traceback: Any) -> list[str]:
    """File, line and function of each frame, innermost last; no source and no values."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places


def configure_logs(service: str, log_format: str = "json", level: str = "INFO") -> None:
    """Send every log line of this process to standard output. Replaces what was configured before."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service) if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Celery tells of every received and finished task at INFO; the part's own line says more, once.
    for chatty in (
        "celery.app.trace",
        "celery.worker.strategy",
        "botocore",
        "boto3",
        "urllib3",
        "httpx",
        "kombu",
        "aws_encryption_sdk",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get_logger(name: str) -> logging.Logger:
    """A logger; give each line `extra={"action": …}` as its machine key."""
    return logging.getLogger(name)
