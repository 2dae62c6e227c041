"""Names of log fields, span attributes and metrics: one place, so that every service says the same."""

RUN_ID = "run_id"
TENANT = "tenant"
STAGE = "stage"
STEP = "step"
PART = "part"
TASK = "task"
STATUS = "status"
ACTION = "action"
SERVICE = "service"

FIELDS = frozenset(
    {
        "action", "attempt", "code", "count", "delivery", "detail", "error", "event_id", "instance", "method", "part",
        "parts", "path", "pool", "queue", "reason", "records", "refs", "run_id", "seconds", "service", "stage",
        "status", "status_code", "step", "task", "tenant", "waited_s", "worker", "children", "pid", "name",
        "dispatches", "missing", "coverage", "embedded", "units", "chore", "deadline_s", "deleted", "flow", "orphans",
        "retry_after_s", "rows", "steps", "times", "waiting_s",
    }
)  # fmt: skip
"""The only extra fields that a log line may carry: an allow list, so that no data slips into a log."""
