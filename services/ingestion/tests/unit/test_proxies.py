"""Which proxies are believed."""

import pytest
from pydantic import ValidationError

from millrace.ingestion.settings import IngestionSettings


@pytest.mark.parametrize("value", ["*", "10.0.0.0/8,*", "0.0.0.0/0", "::/0", "ingress", "10.0.0.1/8"])
def test_proxies_that_would_believe_whatever_a_client_writes_are_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        IngestionSettings(trusted_proxies=value)


def test_networks_and_addresses_are_taken() -> None:
    assert IngestionSettings(trusted_proxies="10.0.0.0/8, fd00::/8,192.0.2.1").trusted_proxies.count(",") == 2
    assert IngestionSettings().trusted_proxies == ""
