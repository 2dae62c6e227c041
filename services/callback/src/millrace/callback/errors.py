"""Errors of the callback service.

CallbackError
├── Unreachable        the consumer did not answer in time or at all (retryable)
└── UnreadableReport   the run's report does not match its contract
"""


class CallbackError(Exception):
    """A callback could not be delivered."""


class Unreachable(CallbackError):
    """The consumer did not answer in time or at all. Its text is a machine key, such as `timed_out`."""

    retryable = True


class UnreadableReport(CallbackError):
    """The run's report does not match its contract."""
