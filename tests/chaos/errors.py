"""Errors of the chaos suite.

ChaosError
├── NotStruck     a fault was prepared and did not happen: the scenario proves nothing
└── NotEnded      runs did not end, or the queues did not drain, in their time
"""


class ChaosError(Exception):
    """The suite could not do what it is for."""


class NotStruck(ChaosError):
    """A fault that was prepared did not happen."""


class NotEnded(ChaosError):
    """Something did not end in its time."""
