"""Errors of the join.

JoinError
└── JoinUnavailable     the store of the joins did not answer (retryable)
"""


class JoinError(Exception):
    """A join could not be read or written."""


class JoinUnavailable(JoinError):
    """The store of the joins did not answer; trying again may help."""

    retryable = True
