"""Names of log fields and span attributes: one place, so that every service says the same."""

FIELDS = frozenset(
    {
        "action", "attempt", "code", "count", "delivery", "detail", "error", "event_id", "instance", "method", "part",
        "parts", "path", "pool", "queue", "reason", "records", "refs", "run_id", "seconds", "service", "stage",
        "status", "status_code", "step", "task", "tenant", "waited_s", "worker", "children", "pid", "name",
        "dispatches", "missing", "coverage", "embedded", "units", "chore", "deadline_s", "deleted", "flow", "orphans",
        "exit_code", "retry_after_s", "rows", "steps", "times", "waiting_s", "endpoint_id", "left_out", "request_id",
        "duration_s", "retries", "redelivered", "args", "kwargs", "model", "result", "verb", "store",
    }
)  # fmt: skip
"""The only extra fields that a log line may carry: an allow list, so that no data slips into a log."""

SPAN_ATTRIBUTES = FIELDS | {
    "http.request.method", "http.response.status_code", "http.route", "url.scheme", "network.protocol.version",
    "error.type", "exception.type", "code.function.name", "messaging.system", "messaging.operation.name",
    "messaging.destination.name", "messaging.operation.type", "messaging.message.id", "messaging.batch.message_count",
}  # fmt: skip
"""The only attributes that a span may carry: no address, no query and no header of a caller, who may write anything
there. The names are OpenTelemetry's."""
