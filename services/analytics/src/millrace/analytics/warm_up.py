"""What a worker does once before it forks, so that no child pays for it in its first part."""

import numpy as np
import pandas as pd

from millrace.analytics.domain.drivers import find_drivers
from millrace.analytics.domain.impact import measure_impact
from millrace.analytics.domain.kpis import measure_kpis
from millrace.analytics.domain.report import Insights, write_report
from millrace.analytics.domain.trends import measure_trends
from millrace.contracts.base import now
from millrace.contracts.ids import new_run_id
from millrace.contracts.run import RunContext

_RECORDS = 120


def warm_up() -> None:
    """Run every analysis once over a made-up batch: loads what the scientific libraries import on first use.

    Starts no threads of its own and reads nothing, so it is safe in the parent of a prefork pool.
    """
    ratings, segments, annotations = _batch()
    found = Insights(
        kpis=measure_kpis(ratings),
        trends=measure_trends(ratings),
        impact=measure_impact(ratings, annotations),
        drivers=find_drivers(ratings, annotations, segments),
    )
    run = RunContext(
        run_id=new_run_id(), tenant="warm-up", flow="warm-up", flow_version=1, attempt=1, records=_RECORDS,
        accepted_at=now(), batch_sha256="0" * 64,
    )  # fmt: skip
    write_report(run, found)


def _batch() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Ratings, segments and annotations of 120 records over as many days, half of them with a theme."""
    number = np.arange(_RECORDS)
    ids = [f"record-{i}" for i in number]
    raw = 1.0 + number % 5
    ratings = pd.DataFrame(
        {
            "record_id": ids, "created_at": pd.date_range("2024-01-01", periods=_RECORDS, tz="UTC"), "kind": "stars5",
            "raw": raw, "norm": (raw - 1) / 4, "has_text": True,
        }
    )  # fmt: skip
    segments = pd.DataFrame({"record_id": ids, "name": "plan", "value": np.where(number % 3 == 0, "free", "paid")})
    annotations = pd.DataFrame(
        {
            "unit_id": ids, "record_id": ids, "text": "A sentence of more than thirty characters.",
            "role": "customer", "dup_of": "", "sentiment": (raw - 3) / 4,
            "themes": [["theme"] if i % 5 < 2 or i % 2 else [] for i in number],
        }
    )  # fmt: skip
    return ratings, segments, annotations
