"""Errors of the local stack.

LocalError
├── NotStarted      a server or service did not become ready
└── NotRunning      there is no stack to talk to
"""


class LocalError(Exception):
    """The local stack could not do what was asked."""


class NotStarted(LocalError):
    """A server or service did not become ready; its log says why."""


class NotRunning(LocalError):
    """No local stack runs from this folder."""
