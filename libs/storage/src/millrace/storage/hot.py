"""The hot tier on Redis: small bytes that expire and may be lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from millrace.storage.errors import NotFound, Unavailable


def connect(url: str) -> "Redis":
    """A Redis client whose calls end within about 2 s; its own defaults wait 15 s and more on a black hole."""
    return Redis.from_url(
        url, socket_timeout=0.8, socket_connect_timeout=0.8, retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 1)
    )


@dataclass(frozen=True)
class RedisHot:
    """Bytes under `hot:<key>`, each for `ttl_s` seconds."""

    client: "Redis"
    ttl_s: int

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore`."""
        with _translated():
            return bool(self.client.set(f"hot:{key}", data, ex=self.ttl_s, nx=True))

    def get(self, key: str) -> bytes:
        """See `ObjectStore`."""
        with _translated():
            found = self.client.get(f"hot:{key}")
        if not isinstance(found, bytes):
            raise NotFound(f"nothing under {key}")
        return found

    def exists(self, key: str) -> bool:
        """See `ObjectStore`."""
        with _translated():
            return bool(self.client.exists(f"hot:{key}"))

    def delete(self, key: str) -> None:
        """See `ObjectStore`."""
        with _translated():
            self.client.delete(f"hot:{key}")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise Unavailable(f"redis: {type(error).__name__}") from error
