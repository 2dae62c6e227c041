"""What the routes need of the outside."""

from dataclasses import dataclass

from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import Reader
from millrace.ingestion.admission import Admission
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.endpoint_routes import Callbacks
from millrace.ingestion.report_routes import Reports
from millrace.ingestion.streams import Streams
from millrace.ingestion.uploads import UploadDesk
from millrace.storage.ports import RunStore


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the routes need."""

    keys: KeyRing
    runs: RunStore
    acceptance: Acceptance
    admission: Admission
    control: Control
    reader: Reader
    reports: Reports
    max_body_bytes: int
    uploads: UploadDesk | None = None
    streams: Streams | None = None
    callbacks: Callbacks | None = None
    """None where callbacks are only ever sent to the URLs that runs name, as in most tests."""
    datadog_url: str = ""
    """Where traces are shown; empty where they are not."""
