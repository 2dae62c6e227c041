"""Errors of the language service.

LanguageError
└── InvalidCues    a cue, theme or weight in the service's data files that cannot be read
"""


class LanguageError(Exception):
    """The language service cannot do what was asked; retrying cannot help."""


class InvalidCues(LanguageError):
    """The service's data files hold a cue, theme or weight that cannot be read."""
