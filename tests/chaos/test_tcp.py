"""The TCP proxy does each thing that it is told, to real connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from millrace.testing.loop import Loop
from millrace.testing.tcp import Mode, TcpProxy

GIVE_UP_S = 20.0
NOTHING_S = 0.3
"""How long a silence is listened to."""


@contextmanager
def echoing() -> Iterator[tuple[int, list[bytes]]]:
    """A server that keeps and echoes what it gets."""
    listener, got = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def echo(connection: socket.socket) -> None:
        with connection:
            while data := _received(connection):
                got.append(data)
                connection.sendall(data)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], got
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(GIVE_UP_S)


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except OSError:
        return b""


@pytest.fixture
def proxied() -> Iterator[tuple[TcpProxy, list[bytes]]]:
    loop = Loop()
    with echoing() as (port, got):
        proxy = TcpProxy(loop, "127.0.0.1", port)
        yield proxy, got
        proxy.close()
    loop.close()


def connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=GIVE_UP_S)


def silent(connection: socket.socket) -> bool:
    connection.settimeout(NOTHING_S)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(GIVE_UP_S)
    return False


def test_it_passes_what_it_gets(proxied: tuple[TcpProxy, list[bytes]]) -> None:
    with connected(proxied[0]) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"


@pytest.mark.parametrize(("mode", "arrives"), [(Mode.BLACKHOLE, False), (Mode.ONE_WAY, True)])
def test_what_was_held_back_comes_when_it_heals(
    proxied: tuple[TcpProxy, list[bytes]], mode: Mode, arrives: bool
) -> None:
    # given
    proxy, got = proxied
    with connected(proxy) as connection:
        proxy.set(mode)
        # when
        connection.sendall(b"hello")
        # then
        assert silent(connection)
        assert bool(got) is arrives
        proxy.set(Mode.PASS)
        assert connection.recv(100) == b"hello"


def test_a_reset_ends_connections_by_an_error_not_by_an_end(proxied: tuple[TcpProxy, list[bytes]]) -> None:
    with connected(proxied[0]) as connection:
        connection.sendall(b"hello")
        connection.recv(100)
        proxied[0].set(Mode.RESET)
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_when_it_is_down_nobody_listens_and_later_somebody_does(proxied: tuple[TcpProxy, list[bytes]]) -> None:
    proxy, _ = proxied
    proxy.set(Mode.DOWN)
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.set(Mode.PASS)
    with connected(proxy) as connection:
        connection.sendall(b"again")
        assert connection.recv(100) == b"again"
