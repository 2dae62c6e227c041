"""The orchestrator over its production run store, DynamoDB (here on moto)."""

from tests.bench.noop import orchestration_service, orchestrator

service = orchestration_service()
app = orchestrator(service, service.stores.runs)
