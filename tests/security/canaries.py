"""Strings that occur nowhere else in the world, and every form in which one of them might lie somewhere."""

import base64
import gzip
import re
import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{40,}={0,2}")
PREFIX = "zqcanary"
_DEEPEST = 3
"""Wrappings that are opened inside each other: base64 around zlib around base64."""
_LARGEST = 8 << 20
"""Bytes that one wrapping is opened to."""


@dataclass(frozen=True)
class Hit:
    """A canary that was found."""

    canary: str
    """Its name: what it was in the request."""
    where: str
    around: str
    """Some bytes on both sides of it."""


@dataclass
class Canaries:
    """The strings that were sent, by the name of the place that they were sent in."""

    sent: dict[str, str] = field(default_factory=dict)

    def mark(self, name: str) -> str:
        """A new string for this place. Letters and digits only, so that it survives every escape as it is."""
        assert name not in self.sent, name
        self.sent[name] = f"{PREFIX}{secrets.token_hex(9)}"
        return self.sent[name]

    def watch(self, name: str, secret: str) -> None:
        """Look for a string that something else made."""
        self.sent[name] = secret

    def search(self, where: str, data: bytes) -> list[Hit]:
        """Every canary that these bytes hold, as it is or wrapped."""
        found: dict[str, Hit] = {}
        for opened in _opened(data):
            for name, text in self._suspects(opened):
                at = _place(opened, text)
                if at >= 0:
                    around = opened[max(0, at - 80) : at + len(text) + 80].decode("utf-8", "replace")
                    found.setdefault(name, Hit(canary=name, where=where, around=around))
        return list(found.values())

    def _suspects(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Those that are worth a look: our own all begin alike, which is looked for once."""
        ours = _place(data, PREFIX) >= 0
        yield from ((name, text) for name, text in self.sent.items() if ours or not text.startswith(PREFIX))


def _place(data: bytes, text: str) -> int:
    """Where the text lies in the bytes in any of its forms; -1 when it does not."""
    plain, small = text.encode(), data.lower()
    for form in (plain.lower(), plain.hex().encode()):
        if (at := small.find(form)) >= 0:
            return at
    return max(map(data.find, (text.encode("utf-16-le"), *_in_base64(plain))))


def _in_base64(plain: bytes) -> Iterator[bytes]:
    """What of it is always the same within a longer text as base64, whatever stands before and after."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        yield encoded[(0, 2, 3)[before] : -1]


def _opened(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes, and what is inside where they are compressed, encoded as base64 or for a URL."""
    yield data
    if depth == _DEEPEST:
        return
    for inside in _inside(data):
        yield from _opened(inside, depth + 1)


def _inside(data: bytes) -> Iterator[bytes]:
    if data[:2] in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
        yield from _tried(lambda: zlib.decompressobj().decompress(data, _LARGEST))
    if data[:2] == b"\x1f\x8b":
        yield from _tried(lambda: gzip.decompress(data))
    if b"%" in data:
        yield unquote_to_bytes(data)
    for match in _BASE64.finditer(data):
        text = match[0].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        yield from _tried(lambda text=text: base64.b64decode(text + b"=" * (-len(text) % 4)))


def _tried(open_it: Callable[[], bytes]) -> Iterator[bytes]:
    try:
        yield open_it()
    except (ValueError, OSError, EOFError, zlib.error):
        # It only looked like one.
        return
