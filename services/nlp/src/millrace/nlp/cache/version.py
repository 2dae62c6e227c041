"""What findings depend on beside their text, as a digest: change a rule, and every text is read anew.

How they are kept counts too: bytes that an earlier release wrote in another form must not be found.
"""

import hashlib
from importlib import metadata
from importlib.resources import files

COUNTS = ("cache", "data", "domain", "models")
"""Folders of the package whose files findings depend on."""


def rules_version() -> str:
    """Digest of the service's rules: data files, the code that reads them and keeps findings, the lexicon's release."""
    digest = hashlib.blake2b(metadata.version("vaderSentiment").encode(), digest_size=8)
    for folder in COUNTS:
        for file in sorted(files("millrace.nlp").joinpath(folder).iterdir(), key=lambda each: each.name):
            if file.is_file():
                digest.update(f"\n{folder}/{file.name}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
