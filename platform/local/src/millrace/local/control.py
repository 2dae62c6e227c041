"""Ask a running stack to stop: over a socket that only who can read its state file may use."""

import secrets
import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Control:
    """A loopback listener that sets an event when it is told the token."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    stop: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket = field(init=False)
    _caller: socket.socket | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Listen no longer. Whoever asked for the stop sees its connection end: all is down."""
        self._listener.close()
        if self._caller is not None:
            self._caller.close()

    def _serve(self) -> None:
        while not self.stop.is_set():
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            if secrets.compare_digest(caller.recv(256), self.token.encode()):
                self._caller = caller
                self.stop.set()
            else:
                caller.close()


def ask_to_stop(port: int, token: str, patience_s: float) -> None:
    """Tell the stack to stop and wait until it is gone; OSError when nobody listens."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as caller:
        caller.sendall(token.encode())
        caller.recv(1)
