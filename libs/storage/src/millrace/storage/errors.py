"""Errors of the storage package.

StorageError
├── NotFound        nothing under this key, for this tenant
├── Conflict        somebody else wrote first
│   └── Repeated    the same idempotency key was used before
├── Corrupt         the bytes are not those that the reference names, or cannot be decrypted
├── BadLink         a link to a report that was not made here, was changed, or has expired
└── Unavailable     the store did not answer or throttles; trying again may help (retryable)
"""


class StorageError(Exception):
    """A store could not do what was asked."""

    retryable = False


class NotFound(StorageError):
    """There is nothing under this key."""


class Conflict(StorageError):
    """The condition of a write does not hold: somebody else wrote first."""


class Repeated(Conflict):
    """The idempotency key was used before; carries what was answered then."""

    def __init__(self, fingerprint: str, answer: str) -> None:
        super().__init__("this idempotency key was used before")
        self.fingerprint = fingerprint
        self.answer = answer


class Corrupt(StorageError):
    """The bytes are not those that the reference names."""


class BadLink(StorageError):
    """The link opens nothing, or no longer does."""


class Unavailable(StorageError):
    """The store did not answer; trying again may help."""

    retryable = True
