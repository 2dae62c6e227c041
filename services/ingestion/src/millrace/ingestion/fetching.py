"""An upload on its way into a file of the child's own. The child has an address to read from, and no other rights."""

from collections.abc import Callable
from typing import BinaryIO, Final

import urllib3
from urllib3.exceptions import HTTPError

from millrace.storage.errors import Unavailable

BLOCK: Final = 1 << 20
_WAITS = urllib3.Timeout(connect=2.0, read=5.0)
_TRIES = urllib3.Retry(2, redirect=False, backoff_factor=0.1, status_forcelist=(500, 503))


def fetch(address: str, file: BinaryIO, needed: Callable[[bytes], int]) -> None:
    """Write what the address gives into the file, as much as is needed; Unavailable when that cannot be had.

    `needed`: given the first block, how many bytes; it may raise, and nothing more is read then.
    """
    with urllib3.PoolManager(timeout=_WAITS, retries=_TRIES) as pool:
        try:
            answer = pool.request("GET", address, preload_content=False, redirect=False, decode_content=False)
            if answer.status != 200:
                raise Unavailable(f"upload: the store answered {answer.status}")
            head = answer.read(BLOCK)
            left = needed(head)
            while head and left > 0:
                left -= file.write(head[:left])
                head = answer.read(BLOCK) if left > 0 else b""
        except HTTPError as error:
            # Without its text: that names the address, which opens the file.
            raise Unavailable(f"upload: {type(error).__name__}") from None
    if left > 0:
        raise Unavailable("upload: the store ended early")
