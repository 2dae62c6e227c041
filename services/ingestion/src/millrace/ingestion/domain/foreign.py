"""Other people's readers on hostile bytes: whatever they raise is a file that cannot be read."""

from collections.abc import Callable
from typing import TypeVar

from millrace.ingestion.domain.errors import BadFile

Result = TypeVar("Result")

_PANIC = "PanicException"
"""What a panic in Rust becomes: a BaseException that every extension has its own of and none exports, so that it can
only be told by its name (https://github.com/PyO3/pyo3/issues/2880)."""


def guarded(damaged: str, read: Callable[[], Result]) -> Result:
    """What `read` gives; BadFile `unreadable_file` with `damaged` as its detail whatever else it raises.

    Such libraries document their own errors and raise others: IndexError, KeyError, AttributeError, RecursionError.
    """
    try:
        return read()
    except BadFile:
        raise
    except Exception as error:
        raise BadFile("unreadable_file", damaged) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise BadFile("unreadable_file", damaged) from error
