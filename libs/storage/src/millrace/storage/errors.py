"""Errors of the storage package.

StorageError
├── NotFound        nothing under this key, for this tenant
├── Conflict        somebody else wrote first
│   └── Repeated    the same idempotency key was used before
├── Incomplete      parts of an upload are missing, or are not those that were declared
├── LimitReached    the tenant has as many of these as it may have
├── Corrupt         the bytes are not those that the reference names, or cannot be decrypted
├── Shredded        the tenant's keys are gone, and with them all that they sealed, for good
├── BadSecret       a signing secret that is none
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


class Incomplete(StorageError):
    """Parts of an upload are missing, or are not those that were declared."""

    def __init__(self, faults: tuple[tuple[int, str], ...]) -> None:
        super().__init__(f"{len(faults)} parts do not fit")
        self.faults = faults
        """Number and reason of each."""


class LimitReached(StorageError):
    """The tenant has as many of these as it may have."""


class Corrupt(StorageError):
    """The bytes are not those that the reference names."""


class Shredded(StorageError):
    """The tenant's keys are gone, and with them everything that they sealed, for good."""


class BadSecret(StorageError):
    """It cannot be signed with."""


class BadLink(StorageError):
    """The link opens nothing, or no longer does."""


class Unavailable(StorageError):
    """The store did not answer; trying again may help."""

    retryable = True
