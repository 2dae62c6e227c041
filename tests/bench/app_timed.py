"""The orchestrator of `app_redis`, which tells how long each message took."""

from tests.bench import timed
from tests.bench.noop import orchestration_service, orchestrator
from tests.bench.redis_runs import RedisRuns

service = orchestration_service()
app = orchestrator(service, RedisRuns(service.stores.redis))
timed.tell(service)
