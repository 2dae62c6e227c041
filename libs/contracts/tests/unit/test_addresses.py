"""Which callback URLs may be called."""

from ipaddress import ip_address

import pytest

from millrace.contracts.addresses import check, check_answers, entries, public
from millrace.contracts.errors import AddressRefused

ALLOWED = entries("127.0.0.1, Consumer.intra,example.com:8443, 10.1.0.0/16, [fd00::1]:80, fd12::/16,")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.com/hook", ("https", "example.com", 443, "/hook")),
        ("https://EXAMPLE.com", ("https", "example.com", 443, "/")),
        ("https://example.com:443/a?b=c&d#e", ("https", "example.com", 443, "/a?b=c&d")),
        ("https://xn--bcher-kva.example/", ("https", "xn--bcher-kva.example", 443, "/")),
        ("https://8.8.8.8/x", ("https", "8.8.8.8", 443, "/x")),
        ("https://[2606:4700::1111]/", ("https", "2606:4700::1111", 443, "/")),
        ("http://127.0.0.1:9/x", ("http", "127.0.0.1", 9, "/x")),
        ("https://consumer.intra/x", ("https", "consumer.intra", 443, "/x")),
        ("http://consumer.intra:81/x", ("http", "consumer.intra", 81, "/x")),
        ("https://example.com:8443/", ("https", "example.com", 8443, "/")),
        ("http://10.1.2.3:8080/", ("http", "10.1.2.3", 8080, "/")),
        ("http://[fd12::7]/", ("http", "fd12::7", 80, "/")),
    ],
)
def test_public_https_and_what_the_operator_lists_may_be_called(url: str, address: tuple[str, str, int, str]) -> None:
    found = check(url, ALLOWED)
    assert (found.scheme, found.host, found.port, found.target) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://localhost/", "https://10.0.0.1/",
        "https://169.254.169.254/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://user:pw@example.com/",
        "https:///x", "nonsense", "", "https://metadata.internal/", "https://intranet/", "https://@example.com/",
        "https://example.com:8444/", "https://example.com:0/", "https://example.com:99999/", "https://2130706433/",
        "https://0x7f.1/", "https://017700000001/", "https://127.1/", "https://127.0.0.1./", "https://example.com./",
        "https://exa mple.com/", "https://b\u00fccher.example/", "https://\uff11\uff12\uff17.0.0.1/",
        "https://127\u30020\u30020\u30021/", "https://example.com\\@127.0.0.1/", "https://127.0.0.1%2eexample.com/",
        "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[v1.a]/", "https://[::1",
        "https://example.com/\r\nhost: x", "https://\x00.com/", "ftp://127.0.0.1/", "file:///etc/passwd",
        "http://10.2.0.1/", "javascript:alert(1)", "https://a" + "b" * 70 + ".com/", "https://printer.local/",
        "https://router.home.arpa/", "https://example.com/" + "a" * 2_048,
    ],
)  # fmt: skip
def test_what_is_private_plain_or_malformed_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check(url, ALLOWED)
    # A URL may hold a token.
    assert len(url) < 12 or url not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "open_to_all"),
    [
        ("8.8.8.8", True), ("1.1.1.1", True), ("2606:4700::1111", True), ("2a00:1450:4001::8a", True),
        ("0.0.0.0", False), ("10.0.0.1", False), ("100.64.0.1", False), ("127.255.255.254", False),  # noqa: S104
        ("169.254.169.254", False), ("172.31.255.255", False), ("192.0.0.9", False), ("192.0.2.1", False),
        ("192.88.99.1", False), ("192.168.0.1", False), ("198.19.0.1", False), ("203.0.113.9", False),
        ("224.0.0.1", False), ("240.0.0.1", False), ("255.255.255.255", False), ("168.63.129.16", False),
        ("::", False), ("::1", False), ("::8.8.8.8", False), ("::ffff:8.8.8.8", False), ("64:ff9b::808:808", False),
        ("64:ff9b:1::1", False), ("100::1", False), ("2001::1", False), ("2001:db8::1", False),
        ("2002:808:808::1", False), ("3fff::1", False), ("5f00::1", False), ("fc00::1", False),
        ("fd00:ec2::254", False), ("fe80::1", False), ("fec0::1", False), ("ff02::1", False),
        ("2620:4f:8000::1", False), ("2001:2::1", False), ("2001:20::1", False),
    ],
)  # fmt: skip
def test_public_is_what_iana_gives_out_to_the_open_internet(address: str, open_to_all: bool) -> None:
    assert public(ip_address(address)) is open_to_all


def test_a_name_may_resolve_into_a_network_of_the_list_and_a_listed_host_to_anything() -> None:
    check_answers(check("https://app.example.com/", ALLOWED), ["10.1.9.9", "8.8.8.8"], ALLOWED)
    check_answers(check("http://consumer.intra/", ALLOWED), ["192.168.7.7"], ALLOWED)
    with pytest.raises(AddressRefused):
        check_answers(check("https://app.example.com/", ALLOWED), ["10.1.9.9", "10.2.9.9"], ALLOWED)


@pytest.mark.parametrize("text", ["consumer.lan/hook", "10.1.0.0/33", "10.1.2.3, 10.0.0.0/x"])
def test_a_list_that_cannot_be_read_is_noticed_before_anything_is_called(text: str) -> None:
    with pytest.raises(ValueError, match="network"):
        entries(text)


def test_the_host_header_names_the_port_only_where_it_is_unusual() -> None:
    assert check("https://example.com/", ALLOWED).authority == "example.com"
    assert check("https://example.com:8443/", ALLOWED).authority == "example.com:8443"
    assert check("http://[fd12::7]:81/", ALLOWED).authority == "[fd12::7]:81"
