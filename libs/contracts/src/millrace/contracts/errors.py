"""Errors of the contracts package.

ContractError
├── UnknownTask          a task name that the catalogue does not hold
├── UnknownFlow          a flow name that nobody defined
├── InvalidFlow          a flow whose steps do not fit together
└── AddressRefused       a callback URL that may not be called
"""


class ContractError(Exception):
    """A message, task or flow breaks the contract; retrying cannot help."""


class UnknownTask(ContractError):
    """No service offers a task of this name."""


class UnknownFlow(ContractError):
    """No flow of this name is defined."""


class InvalidFlow(ContractError):
    """The flow's steps, inputs or budgets do not fit together."""


class AddressRefused(ContractError):
    """The URL may not be called: its scheme, host or address is not allowed."""
