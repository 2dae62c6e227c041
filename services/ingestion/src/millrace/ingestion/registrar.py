"""Register callback endpoints: those that a tenant names itself, and those that a run is the first to name."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import EAI_AGAIN

from cachetools import TTLCache

from millrace.contracts.addresses import Address, check, check_answers
from millrace.contracts.endpoints import EndpointRecord
from millrace.contracts.errors import AddressRefused
from millrace.contracts.ids import endpoint_id
from millrace.ingestion.errors import BadCallbackUrl, BadEndpointSecret, EndpointExists, TooManyEndpoints
from millrace.ingestion.resolving import Lookups
from millrace.storage.endpoints import Endpoints
from millrace.storage.errors import BadSecret, Conflict, LimitReached, NotFound
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)

KNOWN_S = 60.0
"""For how long an endpoint that was seen is not looked for again."""
_KNOWN = 10_000


@dataclass(frozen=True, kw_only=True)
class Registrar:
    """Checks a URL by its form and by what its name resolves to, and keeps it as an endpoint."""

    endpoints: Endpoints
    allowed: frozenset[str]
    limit: Callable[[str], int]
    """How many endpoints a tenant may have."""
    lookups: Lookups = field(default_factory=Lookups)
    _known: "TTLCache[str, bool]" = field(default_factory=lambda: TTLCache(_KNOWN, KNOWN_S))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ensure(self, tenant: str, url: str) -> None:
        """Register the URL of a run, unless it is. BadCallbackUrl, TooManyEndpoints or RateLimited.

        Costs nothing for a URL that was seen in the last minute, and one read for any other that is registered.
        """
        name = endpoint_id(tenant, url)
        with self._lock:
            if name in self._known:
                return
        try:
            self.endpoints.get(tenant, name)
        except NotFound:
            try:
                self.register(tenant, url)
            except EndpointExists:
                log.info("endpoint_registered_twice", extra={"action": "endpoint_registered_twice"})
        with self._lock:
            self._known[name] = True

    def register(self, tenant: str, url: str, secret: str | None = None) -> EndpointRecord:
        """A new endpoint. BadCallbackUrl, BadEndpointSecret, EndpointExists, TooManyEndpoints or RateLimited."""
        limit = self.limit(tenant)
        try:
            # First without the name: who may have no more endpoints makes nobody look for one.
            address = check(url, self.allowed)
            self.endpoints.check_room(tenant, limit)
            if not address.trusted:
                check_answers(address, self._resolved(tenant, address), self.allowed)
            record = self.endpoints.register(tenant, url, limit=limit, secret=secret)
        except AddressRefused as error:
            raise BadCallbackUrl(f"callback_url: {error}") from error
        except Conflict as error:
            raise EndpointExists(f"the URL is the endpoint {endpoint_id(tenant, url)}") from error
        except LimitReached as error:
            raise TooManyEndpoints(str(error)) from error
        except BadSecret as error:
            raise BadEndpointSecret(str(error)) from error
        about = {"action": "endpoint_registered", "tenant": tenant, "endpoint_id": record.endpoint_id}
        log.info("endpoint_registered", extra=about)
        return record

    def forget(self, endpoint: str) -> None:
        """The endpoint was deleted: a run that names its URL registers it anew."""
        with self._lock:
            self._known.pop(endpoint, None)

    def _resolved(self, tenant: str, address: Address) -> tuple[str, ...]:
        """What the name resolves to; nothing when that takes too long or fails for now: each connect looks again."""
        try:
            return self.lookups.find(tenant, address.host, address.port)
        except TimeoutError:
            return ()
        except OSError as error:
            if error.errno == EAI_AGAIN:
                return ()
            raise BadCallbackUrl("callback_url: the name cannot be resolved") from error
        except UnicodeError as error:
            raise BadCallbackUrl("callback_url: the name cannot be resolved") from error
