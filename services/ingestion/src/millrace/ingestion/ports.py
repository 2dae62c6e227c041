"""What the routes need of the outside."""

from dataclasses import dataclass

from millrace.ingestion.accept import Acceptance
from millrace.ingestion.adapters import Reader
from millrace.ingestion.admission import Admission
from millrace.ingestion.auth import KeyRing
from millrace.ingestion.control import Control
from millrace.ingestion.report_routes import Reports
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
