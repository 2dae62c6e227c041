"""Errors of the language service.

LanguageError
├── InvalidCues         a cue, theme or weight in the service's data files that cannot be read
├── ModelUnavailable    a configured model that cannot be had or read
├── ModelUnfit          a configured model whose labels mean nothing to the task
└── CacheUnavailable    the cache did not answer in time: what it knows is computed anew (retryable)
"""


class LanguageError(Exception):
    """The language service cannot do what was asked; retrying cannot help, but where a type says so."""

    retryable = False


class InvalidCues(LanguageError):
    """The service's data files hold a cue, theme or weight that cannot be read."""


class ModelUnavailable(LanguageError):
    """A configured model cannot be fetched or read."""


class ModelUnfit(LanguageError):
    """The labels of a configured model mean nothing to the task that it is for."""


class CacheUnavailable(LanguageError):
    """The cache did not answer in time; the same may work later."""

    retryable = True
