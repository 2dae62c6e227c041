"""The callback service's settings."""

from pydantic import Field

from millrace.contracts.settings import Settings


class CallbackSettings(Settings):
    """How callbacks are signed and where they may go, `MILLRACE_*`."""

    callback_secret: str = Field(repr=False)
    """Signing secret, `whsec_` and base64 of 24 to 64 bytes."""
    callback_allow: str = ""
    """Hosts, separated by commas, that may be called although they are private or plain http."""
    api_url: str = "http://127.0.0.1:8080"
    """Public root of the API, for the report's link."""

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """`callback_allow` as a set."""
        return frozenset(host.strip().lower() for host in self.callback_allow.split(",") if host.strip())
