"""Errors of the embedding model.

EmbeddingError
├── ModelMissing      a file of the model is not where it should be
├── ModelTampered     a file of the model is not the one that was pinned
├── ModelUnsupported  the model is no BERT encoder of the kind that the graph is built for
└── BackendUnfit      this machine's kernels do not give the vectors that were recorded

All of them are permanent: the same call fails again until somebody changes the installation.
"""


class EmbeddingError(Exception):
    """Texts cannot be embedded; retrying cannot help."""


class ModelMissing(EmbeddingError):
    """A file of the model is not where it should be."""


class ModelTampered(EmbeddingError):
    """A file of the model does not have the pinned SHA-256."""


class ModelUnsupported(EmbeddingError):
    """The configuration or the weights are not of a BERT encoder with absolute positions and exact GELU."""


class BackendUnfit(EmbeddingError):
    """On this machine the check text gets a vector that is too far from the recorded one."""
