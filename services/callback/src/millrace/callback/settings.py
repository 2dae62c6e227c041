"""The callback service's settings."""

from millrace.contracts.addresses import entries
from millrace.contracts.settings import Settings


class CallbackSettings(Settings):
    """Where callbacks may go, `MILLRACE_*`."""

    callback_allow: str = ""
    """What may be called although it is private, plain http or on another port: hosts, `host:port` and networks
    (`10.1.0.0/16`), separated by commas."""
    api_url: str = "http://127.0.0.1:8080"
    """Public root of the API, for the report's link."""

    @property
    def allowed(self) -> frozenset[str]:
        """`callback_allow` as a set."""
        return entries(self.callback_allow)
