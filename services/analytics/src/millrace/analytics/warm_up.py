"""What a worker does once before it forks, so that no child pays for it in its first part."""

import numpy as np
import pandas as pd

from millrace.analytics.adapters import load_prices
from millrace.analytics.domain.changes import find_changes
from millrace.analytics.domain.contacts import count_contacts
from millrace.analytics.domain.drivers import find_drivers
from millrace.analytics.domain.emerging import find_emerging
from millrace.analytics.domain.forecast import make_forecasts
from millrace.analytics.domain.impact import measure_impact
from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.kpis import measure_kpis
from millrace.analytics.domain.report import write_report
from millrace.analytics.domain.risks import score_risks
from millrace.analytics.domain.segments import compare_segments
from millrace.analytics.domain.service import measure_service
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
    customers, contacts, tickets = _people(ratings)
    found = Insights(
        kpis=measure_kpis(ratings, tickets, customers),
        trends=measure_trends(ratings),
        impact=measure_impact(ratings, annotations),
        drivers=find_drivers(ratings, annotations, segments),
        segments=compare_segments(ratings, segments),
        contacts=count_contacts(annotations),
        changes=find_changes(ratings, annotations),
        emerging=find_emerging(annotations),
        forecasts=make_forecasts(ratings),
        risks=score_risks(customers, contacts, annotations),
        service_levels=measure_service(tickets),
    )
    run = RunContext(
        run_id=new_run_id(), tenant="warm-up", flow="warm-up", flow_version=1, attempt=1, records=_RECORDS,
        accepted_at=now(), batch_sha256="0" * 64,
    )  # fmt: skip
    write_report(run, found, load_prices())


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
            "unit_id": ids, "turn_id": ids, "record_id": ids, "created_at": ratings["created_at"],
            "conv_id": [f"conversation-{i // 2}" for i in number], "reason": np.where(number % 2, "reason", ""),
            "reason_confidence": 0.5, "flags": [["churn"]] * _RECORDS,
            "entities": [[{"kind": "version", "value": "1.0"}]] * _RECORDS,
            "text": "A sentence of more than thirty characters.", "role": "customer", "dup_of": "",
            "sentiment": (raw - 3) / 4,
            "themes": [["theme"] if i % 5 < 2 or i % 2 else [] for i in number],
        }
    )  # fmt: skip
    return ratings, segments, annotations


def _people(ratings: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A customer for each record, of whom every other one has left, and a ticket by one of two agents."""
    number, ids = np.arange(_RECORDS), ratings["record_id"]
    customers = pd.DataFrame(
        {
            "customer": ids, "contacts": 1 + number % 4, "first_at": ratings["created_at"].min(),
            "last_at": ratings["created_at"], "recency_days": number[::-1] * 1.0, "rating_mean": ratings["norm"],
            "rating_slope": 0.1, "n_rated": 3, "contact_rate": 1.0, "reopened": 0, "plan": "", "tenure_days": 30.0,
            "churned": number % 2 == 0,
        }
    )  # fmt: skip
    contacts = pd.DataFrame(
        {"record_id": ids, "customer": ids, "created_at": ratings["created_at"], "role": "customer"}
    )
    tickets = pd.DataFrame(
        {
            "first_reply_s": 1.0 * number, "resolution_s": 2.0 * number, "reopened": number % 3,
            "agent": np.where(number % 2, "one", "other"),
        }
    )  # fmt: skip
    return customers, contacts, tickets
