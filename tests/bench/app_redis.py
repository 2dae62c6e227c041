"""The orchestrator over a run store in Redis that exists for this benchmark only."""

from tests.bench.noop import orchestration_service, orchestrator
from tests.bench.redis_runs import RedisRuns

service = orchestration_service()
app = orchestrator(service, RedisRuns(service.stores.redis))
