"""A RabbitMQ of the stack's own, where the machine has one installed (Debian: `rabbitmq-server`).

Nothing of it is shared with a broker that the machine runs already: node name, ports, database, cookie and even the
port mapper (epmd) are its own, so that stopping it by its handle stops all of it.
"""

import secrets
import shutil
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from amqp import Connection
from amqp.exceptions import AMQPError

from millrace.local.errors import NotStarted
from millrace.local.process import Process, wait_until
from millrace.local.servers import Server, free_port

_SCRIPTS = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's own script; the one on the path changes the user and looks into the machine's folders."""
_TRIES = 3
_READY_S = 40.0


def rabbitmq_binary() -> str | None:
    """RabbitMQ's start script, or None where it is not installed."""
    if shutil.which("epmd") is None:
        return None
    return str(_SCRIPTS) if _SCRIPTS.exists() else shutil.which("rabbitmq-server")


def start_rabbitmq(folder: Path, environment: Mapping[str, str]) -> tuple[Server, Server]:
    """The broker, ready, with a user of its own; and its port mapper, which is to be stopped after it."""
    binary = rabbitmq_binary()
    if binary is None:
        raise NotStarted("no rabbitmq-server on this machine")
    for _ in range(_TRIES):
        place = folder / f"rabbitmq-{secrets.token_hex(4)}"
        place.mkdir(parents=True)
        mapper = _start_mapper(place, environment)
        broker = _launch(binary, place, environment, mapper)
        try:
            wait_until(broker.ready, broker.process, _READY_S)
        except NotStarted:
            broker.stop()
            mapper.stop()
            continue
        return broker, mapper
    raise NotStarted(f"rabbitmq did not start in {_TRIES} tries")


def _start_mapper(place: Path, environment: Mapping[str, str]) -> Server:
    port = free_port()
    command = [str(shutil.which("epmd")), "-address", "127.0.0.1", "-port", str(port)]
    process = Process(name="epmd", command=command, environment=environment, log=place / "epmd.log")
    process.start()
    server = Server(process=process, url=f"127.0.0.1:{port}", ready=partial(_listens, port))
    wait_until(server.ready, process, _READY_S)
    return server


def _launch(binary: str, place: Path, environment: Mapping[str, str], mapper: Server) -> Server:
    port, distribution = free_port(), free_port()
    user, password = f"millrace-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    settings = place / "rabbitmq.conf"
    settings.touch(mode=0o600)
    settings.write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\ndefault_user = {user}\ndefault_pass = {password}\n")
    for name in ("none.conf", "plugins"):
        (place / name).write_text("[].\n" if name == "plugins" else "")
    own = {
        "HOME": str(place), "ERL_EPMD_PORT": mapper.url.rpartition(":")[2], "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_CONF_ENV_FILE": str(place / "none.conf"), "RABBITMQ_CONFIG_FILE": str(settings),
        "RABBITMQ_NODENAME": f"{place.name}@localhost", "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(place / "mnesia"), "RABBITMQ_LOG_BASE": str(place), "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"), "RABBITMQ_PID_FILE": str(place / "pid"),
        # The script becomes the broker, as under systemd: our handle is the broker itself.
        "RUNNING_UNDER_SYSTEMD": "true",
    }  # fmt: skip
    process = Process(name="rabbitmq", command=[binary], environment={**environment, **own}, log=place / "rabbitmq.log")
    process.start()
    ready = partial(_answers, port, user, password)
    return Server(process=process, url=f"amqp://{user}:{password}@127.0.0.1:{port}//", ready=ready)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _answers(port: int, user: str, password: str) -> bool:
    """Whether who listens there lets our user in: nobody else knows its password."""
    connection = Connection(f"127.0.0.1:{port}", userid=user, password=password, connect_timeout=2)
    try:
        connection.connect()
    except (OSError, AMQPError):
        return False
    connection.close()
    return True
