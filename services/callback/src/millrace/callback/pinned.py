"""Connect to the very address that was checked.

A network backend of httpcore, because that is where httpcore turns a name into a connection: TLS, SNI and the `Host`
header keep the name. docs/decisions/0015-callback-addresses.md says why this is not a library.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore

from millrace.callback.errors import Unreachable
from millrace.contracts.addresses import Address, check_answers
from millrace.contracts.errors import AddressRefused
from millrace.worker.names import Resolver

READ_BYTES = 2_048
"""What is read at once. httpcore asks for 64 KiB, of which a head fills a few hundred bytes and an answer's body the
rest."""


@dataclass(frozen=True)
class FrugalStream(httpcore.NetworkStream):
    """A connection that is read in small pieces, so that no more is taken than is wanted."""

    whole: httpcore.NetworkStream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As `NetworkStream` has it, `READ_BYTES` at most."""
        return self.whole.read(min(max_bytes, READ_BYTES), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See `NetworkStream`."""
        self.whole.write(buffer, timeout)

    def close(self) -> None:
        """See `NetworkStream`."""
        self.whole.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See `NetworkStream`."""
        return FrugalStream(self.whole.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream`."""
        return self.whole.get_extra_info(info)


@dataclass(frozen=True, kw_only=True)
class PinnedBackend(httpcore.NetworkBackend):
    """Connects to one checked address and to no other."""

    address: Address
    allowed: frozenset[str]
    resolve: Resolver
    plain: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once, judge every answer, and connect to the first that takes the connection."""
        failed: Exception = Unreachable("not_resolved")
        for answer in self._answers():
            try:
                stream = self.plain.connect_tcp(answer, self.address.port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return FrugalStream(stream)
        raise failed

    def _answers(self) -> tuple[str, ...]:
        try:
            answers = self.resolve(self.address.host, self.address.port)
            check_answers(self.address, answers, self.allowed)
        except AddressRefused as error:
            # Names move, and each attempt looks anew: it is tried again like any other that failed.
            raise Unreachable("address_not_public") from error
        # A label that no resolver takes is a UnicodeError.
        except (OSError, UnicodeError) as error:
            raise Unreachable("not_resolved") from error
        return answers
