"""No address but a public one is connected to, whatever the URL looks like and whatever its name resolves to."""

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from millrace.callback.adapters import HttpSender, Letter
from millrace.callback.errors import Unreachable
from millrace.contracts.addresses import check, check_answers
from millrace.contracts.base import now
from millrace.contracts.errors import AddressRefused

PUBLIC, LOOPBACK = "93.184.215.14", "127.0.0.1"
NOBODY: frozenset[str] = frozenset()
TLS = ssl.create_default_context()
"""Made once: reading the certificates of all authorities takes longer than a test."""


BODY = b"{}"


@dataclass
class Loopback:
    """A server that counts who connects, and answers 204 to whoever does; with `tls` after its handshake."""

    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None


def _request(connection: socket.socket) -> bytes:
    """All of a request: closing a connection of which something is unread would take the answer away again."""
    request = b""
    while not request.endswith(BODY) and (more := connection.recv(65_536)):
        request += more
    return request


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    state, listener = Loopback(), socket.create_server(("127.0.0.1", 0))
    state.port = listener.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            state.connections += 1
            try:
                wrapped = state.tls.wrap_socket(connection, server_side=True) if state.tls else connection
                state.heads.append(_request(wrapped))
                wrapped.sendall(b"HTTP/1.1 204 Fine\r\nconnection: close\r\n\r\n")
                wrapped.close()
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield state
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


FORMS = [
    "127.0.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0.0.0.0",  # noqa: S104
    "0", "localhost", "LOCALHOST", "127.0.0.1.", "localhost.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::1]", "[::1%25lo]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "224.0.0.1", "[ff02::1]", "255.255.255.255", "240.0.0.1",
    "192.0.2.1", "198.18.0.1", "168.63.129.16", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021",
    "loc\u24d0lhost", "127.0.0.1%00.example.com", "example.com\\@127.0.0.1", "a@127.0.0.1", "127.0.0.1#@example.com",
    "metadata.google.internal", "printer.local", "intranet", "xn--", "-a.example.com", "a..example.com",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["https", "http", "ftp", "HTTPS"])
@pytest.mark.parametrize("host", FORMS)
def test_no_form_of_a_private_address_is_connected_to(loopback: Loopback, host: str, scheme: str) -> None:
    # given: whatever is asked of the resolver, it says loopback
    sender = HttpSender(allowed=NOBODY, timeout_s=1, resolve=lambda host, port: (LOOPBACK,), tls=TLS)
    for port in ("", f":{loopback.port}"):
        # when
        with pytest.raises((AddressRefused, Unreachable)):
            sender.send(Letter(url=f"{scheme}://{host}{port}/hook", headers={}, body=BODY))
    # then
    assert loopback.connections == 0


@pytest.mark.parametrize(
    "answers",
    [
        (LOOPBACK,), (PUBLIC, LOOPBACK), (LOOPBACK, PUBLIC), ("::1",), ("::ffff:127.0.0.1",), ("fe80::1%eth0",),
        ("169.254.169.254",), ("64:ff9b::a9fe:a9fe",), ("100.100.100.200",), ("2002:7f00:1::",),
    ],
    ids=str,
)  # fmt: skip
def test_one_private_answer_spoils_all(answers: tuple[str, ...]) -> None:
    # given
    sender = HttpSender(allowed=NOBODY, timeout_s=1, resolve=lambda host, port: answers)
    # then
    with pytest.raises(Unreachable, match="address_not_public"):
        sender.send(Letter(url="https://consumer.example.com/hook", headers={}, body=BODY))


def test_a_name_that_moves_to_loopback_after_its_registration_is_not_followed(loopback: Loopback) -> None:
    # given: public when it is registered, loopback at each connect
    asked: list[str] = []

    def rebinding(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return (PUBLIC,) if len(asked) == 1 else (LOOPBACK,)

    address = check("https://rebinding.example.com/hook", NOBODY)
    check_answers(address, rebinding(address.host, address.port), NOBODY)
    # when
    with pytest.raises(Unreachable, match="address_not_public"):
        HttpSender(allowed=NOBODY, resolve=rebinding).send(
            Letter(url="https://rebinding.example.com/", headers={}, body=b"")
        )
    # then: resolved once for the one connect that was not made
    assert (loopback.connections, len(asked)) == (0, 2)


def test_the_name_is_resolved_once_and_what_was_checked_is_connected_to(loopback: Loopback) -> None:
    # given: a second look would find nobody
    answers = iter([(LOOPBACK,)])
    sender = HttpSender(allowed=frozenset({"consumer.test"}), resolve=lambda host, port: next(answers))
    # when
    reply = sender.send(Letter(url=f"http://consumer.test:{loopback.port}/hook?a=1#b", headers={}, body=BODY))
    # then
    assert (reply.status, loopback.connections) == (204, 1)
    head = loopback.heads[0].decode()
    assert head.startswith("POST /hook?a=1 HTTP/1.1\r\n") and f"\r\nhost: consumer.test:{loopback.port}\r\n" in head


@pytest.mark.parametrize(
    "entry", ["127.0.0.0/8", "127.0.0.1", "127.0.0.1:{port}", "consumer.test", "consumer.test:{port}"]
)
def test_the_operators_list_opens_what_it_names(loopback: Loopback, entry: str) -> None:
    # given
    allowed = frozenset({entry.format(port=loopback.port)})
    host = "consumer.test" if entry.startswith("consumer") else "127.0.0.1"
    sender = HttpSender(allowed=allowed, resolve=lambda host, port: (LOOPBACK,))
    # then
    assert sender.send(Letter(url=f"http://{host}:{loopback.port}/", headers={}, body=BODY)).status == 204
    with pytest.raises((AddressRefused, Unreachable)):
        sender.send(Letter(url=f"http://other.test:{loopback.port}/", headers={}, body=BODY))


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, bytes]:
    """A server's context with a certificate of its own making for this name, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name[0].isdigit():
        names = [x509.IPAddress(ip_address(name))]
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1)).add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    (folder / "server.pem").write_bytes(private + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, public


def test_a_certificate_that_nobody_vouches_for_is_refused(loopback: Loopback, tmp_path: Path) -> None:
    # given
    loopback.tls, _ = certificate(tmp_path, "consumer.test")
    sender = HttpSender(allowed=frozenset({"consumer.test"}), resolve=lambda host, port: (LOOPBACK,))
    # then
    with pytest.raises(Unreachable, match="certificate_refused"):
        sender.send(Letter(url=f"https://consumer.test:{loopback.port}/", headers={}, body=BODY))
    assert loopback.heads == []


@pytest.mark.parametrize(("name", "taken"), [("consumer.test", True), ("other.test", False), (LOOPBACK, False)])
def test_the_certificate_must_be_the_names_and_the_name_is_told(
    loopback: Loopback, tmp_path: Path, name: str, taken: bool
) -> None:
    # given: connected to by its address, known by its name
    loopback.tls, public = certificate(tmp_path, name)
    loopback.tls.sni_callback = lambda connection, told, context: loopback.names.append(told)
    trusting = ssl.create_default_context(cadata=public.decode())
    sender = HttpSender(allowed=frozenset({"consumer.test"}), resolve=lambda host, port: (LOOPBACK,), tls=trusting)
    letter = Letter(url=f"https://consumer.test:{loopback.port}/", headers={}, body=BODY)
    # then
    if taken:
        assert sender.send(letter).status == 204
    else:
        with pytest.raises(Unreachable, match="certificate_refused"):
            sender.send(letter)
    assert loopback.names == ["consumer.test"]


def test_a_proxy_of_the_environment_is_not_asked(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    sender = HttpSender(allowed=frozenset({LOOPBACK}))
    # then
    assert sender.send(Letter(url=f"http://127.0.0.1:{loopback.port}/", headers={}, body=BODY)).status == 204


@pytest.mark.parametrize("error", [socket.gaierror("no such name"), UnicodeError("label too long")])
def test_a_name_that_nobody_knows_is_tried_again_later(error: Exception) -> None:
    # given
    def failing(host: str, port: int) -> tuple[str, ...]:
        raise error

    # then
    with pytest.raises(Unreachable, match="not_resolved"):
        HttpSender(allowed=NOBODY, resolve=failing).send(Letter(url="https://gone.example.com/", headers={}, body=b""))
