"""Log records to fluentd, without ever making anybody wait: a bounded queue, and one thread that sends what is in it.

It speaks Fluentd's forward protocol, PackedForward mode, and asks that each batch is acknowledged: what counts as sent
was taken. https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
Why it is our own: `docs/decisions/0018-fluentd.md`.
"""

import itertools
import logging
import os
import socket
import struct
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgpack

from millrace.telemetry.fates import Tell
from millrace.telemetry.logs import LineFormatter, get_logger
from millrace.telemetry.threads import begun

log = get_logger(__name__)

ID: Final = "id"
"""Field that only these records have: the same whenever a record is sent again, so that it can be kept once."""
MOST: Final = 5000
"""Records that wait at most; about 4 MiB. What comes when it is full is dropped: the beginning of a fault says most."""
BATCH: Final = 500
ATTEMPTS: Final = 3
"""How often a batch is sent that is not acknowledged."""
ACK_S: Final = 5.0
CONNECT_S: Final = 2.0
BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to connect; the last holds for all that follow."""
CLOSE_S: Final = 1.0
"""What an exit waits for records that are still here."""

_UNREADABLE: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a line raises that cannot be packed. Not all there is: a soft time limit may fall here as well as anywhere."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What became of the records of this process: `sent + dropped + queued` is all that were offered."""

    offered: int = 0
    sent: int = 0
    dropped: int = 0
    queued: int = 0


def address(text: str) -> tuple[str, int]:
    """`host:port` in two; ValueError for what is not that."""
    host, _, port = text.rpartition(":")
    if not host:
        raise ValueError("not host:port")
    return host.strip("[]"), int(port)


class Forwarder(logging.Handler):
    """Hands records to fluentd. Its thread begins with the first record of a process, so it may be made before a fork:
    a child begins anew, with nothing of its parent's.
    """

    def __init__(self, to: str, formatter: LineFormatter, tell: Tell, most: int = MOST) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._lines, self._tell, self._most = formatter, tell, most
        self._to = address(to)
        self._tag = f"millrace.{formatter.service}"
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._records: deque[bytes] = deque()
        self._in_flight = self._offered = self._sent = self._dropped = 0
        self._line = _Line(self._to, self._pause)
        self._thread: threading.Thread | None = None
        self._closing = False
        self._process = uuid.uuid4().hex
        self._numbers = itertools.count()

    def emit(self, record: logging.LogRecord) -> None:
        """Put the record into the queue; never waits for the network and never raises."""
        if self._pid != os.getpid():
            self._begin()
        try:
            line = {**self._lines.line(record), ID: f"{self._process}-{next(self._numbers)}"}
            packed = _packed(record, line)
        except _UNREADABLE:
            self._refuse("unreadable")
            return
        with self._changed:
            reason = self._why_not()
            if not reason:
                self._offered += 1
                self._records.append(packed)
                self._changed.notify_all()
        if reason:
            self._refuse(reason)

    def tally(self) -> Tally:
        """What became of everything so far."""
        with self._changed:
            return Tally(
                offered=self._offered, sent=self._sent, dropped=self._dropped,
                queued=len(self._records) + self._in_flight,
            )  # fmt: skip

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is queued; whether that is so."""
        if self._pid != os.getpid():
            return True
        with self._changed:
            return self._changed.wait_for(lambda: not self._records and not self._in_flight, timeout_s)

    def close(self) -> None:
        """Wait a little for what is queued, and drop the rest. A second time does nothing.

        Nobody is waited for who is known to be away.
        """
        if self._pid == os.getpid() and not self._closing:
            self.drain(0.0 if self._line.away else CLOSE_S)
            with self._changed:
                self._closing = True
                left = len(self._records) + self._in_flight
                self._records.clear()
                self._in_flight = 0
                self._dropped += left
                self._changed.notify_all()
            if left:
                self._tell(left, "exit")
        super().close()

    def _refuse(self, reason: str) -> None:
        with self._changed:
            self._offered += 1
            self._dropped += 1
        self._tell(1, reason)

    def _why_not(self) -> str:
        """Why one more cannot be taken; empty when it can."""
        if self._closing:
            return "exit"
        if len(self._records) + self._in_flight >= self._most:
            return "queue_full"
        self._thread = self._thread or begun("fluentd", self._forward)
        return "" if self._thread else "no_thread"

    def _forward(self) -> None:
        line = self._line
        while (batch := self._take()) is not None:
            taken = line.deliver(self._tag, batch, lambda: self._closing)
            self._settle(len(batch), "" if taken else "unacknowledged")
        line.hang_up()

    def _take(self) -> list[bytes] | None:
        """The next records; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._records or self._closing)
            if self._closing:
                return None
            batch = [self._records.popleft() for _ in range(min(BATCH, len(self._records)))]
            self._in_flight = len(batch)
            return batch

    def _settle(self, count: int, reason: str) -> None:
        with self._changed:
            if self._closing:
                return
            self._in_flight = 0
            if reason:
                self._dropped += count
            else:
                self._sent += count
            self._changed.notify_all()
        self._tell(count, reason)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing, seconds)


class _Line:
    """A connection that comes back."""

    def __init__(self, to: tuple[str, int], pause: Callable[[float], None]) -> None:
        self._to, self._pause = to, pause
        self._socket: socket.socket | None = None
        self.away = 0
        """How often in a row it could not be reached."""

    def deliver(self, tag: str, batch: list[bytes], given_up: Callable[[], bool]) -> bool:
        """Send the batch until it is acknowledged; False when it never was. As long as nobody can be reached nothing
        was sent, and it waits.
        """
        chunk = uuid.uuid4().hex
        message = msgpack.packb([tag, b"".join(batch), {"size": len(batch), "chunk": chunk}])
        attempts = 0
        while attempts < ATTEMPTS and not given_up():
            if not self._connected():
                continue
            attempts += 1
            try:
                if self._acknowledged(message, chunk):
                    self._tell_of(away=0)
                    return True
            except (OSError, ValueError, msgpack.UnpackException) as error:
                self.hang_up()
                self._tell_of(away=self.away + 1, error=error)
        return False

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> bool:
        if self._socket is not None:
            return True
        if self.away:
            self._pause(BACKOFF_S[min(self.away, len(BACKOFF_S)) - 1])
        try:
            self._socket = socket.create_connection(self._to, timeout=CONNECT_S)
        except OSError as error:
            self._tell_of(away=self.away + 1, error=error)
            return False
        return True

    def _acknowledged(self, message: bytes, chunk: str) -> bool:
        assert self._socket is not None  # noqa: S101 - `_connected` has said so
        until = time.monotonic() + ACK_S
        self._socket.settimeout(ACK_S)
        self._socket.sendall(message)
        answers = msgpack.Unpacker()
        while True:
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionResetError("closed before it acknowledged")
            answers.feed(data)
            for answer in answers:
                # Another's would be that of a batch that was given up; it came too late.
                if isinstance(answer, dict) and answer.get("ack") == chunk:
                    return True

    def _tell_of(self, away: int, error: Exception | None = None) -> None:
        """One line when it goes and one when it comes back."""
        before, self.away = self.away, away
        if error is not None and before == 0:
            log.warning("fluentd_away", extra={"action": "fluentd_away", "error": type(error).__name__})
        elif away == 0 and before:
            log.info("fluentd_back", extra={"action": "fluentd_back", "times": before})


def _packed(record: logging.LogRecord, line: dict[str, Any]) -> bytes:
    """An entry: its time in nanoseconds (EventTime, extension 0) and what it says."""
    seconds = int(record.created)
    at = msgpack.ExtType(0, struct.pack(">II", seconds, int((record.created - seconds) * 1e9)))
    packed: bytes = msgpack.packb([at, line], default=str, unicode_errors="backslashreplace")
    return packed


def forwarders() -> list[Forwarder]:
    """Those that get what this process logs."""
    return [each for each in logging.getLogger().handlers if isinstance(each, Forwarder)]


def close() -> None:
    """Close them, before a process that runs no exit handlers ends."""
    for each in forwarders():
        each.close()
