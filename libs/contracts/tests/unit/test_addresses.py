"""Which callback URLs may be called."""

import pytest

from millrace.contracts.addresses import check
from millrace.contracts.errors import AddressRefused

ALLOWED = frozenset({"127.0.0.1", "consumer.intra"})


@pytest.mark.parametrize(
    "url",
    ["https://example.com/hook", "https://example.com:8443/", "http://127.0.0.1:9/x", "https://consumer.intra/x"],
)
def test_public_https_and_allowed_hosts_may_be_called(url: str) -> None:
    check(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://localhost/", "https://10.0.0.1/", "https://169.254.169.254/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://user:pw@example.com/", "https:///x", "nonsense", "",
        "https://metadata.internal/", "https://intranet/",
    ],
)  # fmt: skip
def test_what_is_private_plain_or_malformed_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check(url, ALLOWED)
