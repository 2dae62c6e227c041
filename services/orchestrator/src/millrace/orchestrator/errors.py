"""Errors of the orchestrator.

OrchestratorError
├── Contended       somebody else wrote the run meanwhile (retryable)
└── NotDelivered    an amendment has to wait for the callback before it (retryable)
"""


class OrchestratorError(Exception):
    """A run could not be moved as asked."""


class Contended(OrchestratorError):
    """Somebody else wrote the run meanwhile; trying again looks at it anew."""

    retryable = True


class NotDelivered(OrchestratorError):
    """An amendment has to wait for the callback before it."""

    retryable = True
