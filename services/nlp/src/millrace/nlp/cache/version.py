"""What findings depend on beside their text, as a digest: change a rule, and every text is read anew."""

import hashlib
from importlib import metadata
from importlib.resources import files

_READ = ("domain", "data")


def rules_version() -> str:
    """Digest of the service's rules: its data files, the code that reads them, and the lexicon's release."""
    digest = hashlib.blake2b(metadata.version("vaderSentiment").encode(), digest_size=8)
    for folder in _READ:
        for file in sorted(files("millrace.nlp").joinpath(folder).iterdir(), key=lambda each: each.name):
            if file.is_file():
                digest.update(f"\n{folder}/{file.name}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
