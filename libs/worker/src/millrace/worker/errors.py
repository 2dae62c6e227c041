"""Errors that a part may raise.

WorkerError
├── RetryableError     may pass by itself: tried again with backoff inside the deadline
└── PermanentError     will not pass: a failed outcome at once
    ├── BadInput       the part was given something that it cannot use
    └── NobodyWaits    the run was cancelled or its stage is over
"""


class WorkerError(Exception):
    """A part could not do its work. `code` is the outcome's reason in snake case."""

    code = "worker_error"
    retryable = False


class RetryableError(WorkerError):
    """Trying again may help."""

    code = "unavailable"
    retryable = True


class PermanentError(WorkerError):
    """Trying again cannot help."""

    code = "failed"


class BadInput(PermanentError):
    """The part was given something that it cannot use."""

    code = "bad_input"


class NobodyWaits(PermanentError):
    """The run was cancelled or its stage is over: what the part would write has no reader."""

    code = "nobody_waits"
