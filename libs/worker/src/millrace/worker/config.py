"""Celery's settings, by broker. Each line that is not the default has its reason in `docs/decisions/0002-celery.md`."""

from typing import Any

from kombu import Exchange, Queue

from millrace.contracts import routing
from millrace.contracts.services import WorkerClass
from millrace.worker.settings import BrokerSettings, WorkerSettings

BACKEND = "millrace.worker.join.backend:JoinBackend"


def celery_settings(settings: WorkerSettings, worker_class: WorkerClass) -> dict[str, Any]:
    """Everything that an app of this class needs."""
    return {**client_settings(settings, worker_class), **_process(settings, worker_class)}


def client_settings(settings: BrokerSettings, worker_class: WorkerClass) -> dict[str, Any]:
    """What an app needs that consumes nothing."""
    return {**_common(), **_broker(settings, worker_class)}


def _common() -> dict[str, Any]:
    return {
        "result_backend": BACKEND,
        "result_backend_thread_safe": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_routes": {glob: {"queue": queue} for glob, queue in routing.ROUTES.items()},
        "task_queues": [Queue(name, Exchange(name, type="direct"), name) for name in _queues()],
        "task_default_queue": routing.UNROUTED,
        "task_create_missing_queues": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure": True,
        "task_acks_on_timeout": True,
        "task_default_retry_delay": 1,
        "task_publish_retry_policy": {"max_retries": 3, "interval_start": 0.05, "interval_step": 0.2},
        "worker_deduplicate_successful_tasks": False,
        "worker_consumer": "millrace.worker.consumer:Consumer",
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_soft_shutdown_timeout": 5.0,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_pool_limit": 4,
        "broker_heartbeat": 0,
    }


def _queues() -> tuple[str, ...]:
    return (*routing.QUEUES, routing.UNROUTED, routing.DEAD_LETTERS)


def _process(settings: WorkerSettings, worker_class: WorkerClass) -> dict[str, Any]:
    if worker_class is not WorkerClass.TASK:
        return {"worker_prefetch_multiplier": 2}
    return {
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.concurrency,
        "worker_max_tasks_per_child": settings.max_tasks_per_child,
        "worker_max_memory_per_child": settings.max_memory_per_child_mib * 1024,
        # A child that loads a model is alive long before it is up.
        "worker_proc_alive_timeout": 60.0,
    }


def _broker(settings: BrokerSettings, worker_class: WorkerClass) -> dict[str, Any]:
    scheme = settings.broker_url.partition("://")[0]
    options: dict[str, Any] = {}
    if scheme in ("redis", "rediss"):
        options = _redis_options(settings)
    elif scheme == "sqs":
        options = _sqs_options(settings, worker_class)
    elif scheme in ("amqp", "amqps"):
        options = {"confirm_publish": True}
    return {"broker_url": settings.broker_url, "broker_transport_options": options}


def _redis_options(settings: BrokerSettings) -> dict[str, Any]:
    return {
        "visibility_timeout": settings.visibility_s,
        # Without these two, restored messages wait up to 100 s (kombu issue 2558).
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 3,
        "socket_keepalive": True,
        # A BRPOP without an answer is given up after one to two of these and a second, instead of after 26 to 51 s.
        "health_check_interval": 3,
    }


def _sqs_options(settings: BrokerSettings, worker_class: WorkerClass) -> dict[str, Any]:
    base = settings.sqs_queue_url.rstrip("/")
    polls_in_loop = worker_class is WorkerClass.TASK
    return {
        "region": settings.aws_region,
        "is_secure": base.startswith("https"),
        "visibility_timeout": settings.visibility_s,
        "polling_interval": 0,
        # gevent polls in its main loop: a short wait keeps it responsive. A poll outlives its worker, and what it is
        # given then is lost for a visibility timeout: it must end before the dead worker's leases do.
        "wait_time_seconds": settings.visibility_s // 2 if polls_in_loop else 1,
        "predefined_queues": {name: {"url": f"{base}/{name}"} for name in _queues()},
        "client-config": {
            "max_pool_connections": 50,
            "connect_timeout": 1,
            # A prefork worker's own calls hold up its loop, so all tries together stay below the visibility timeout;
            # a gevent worker's hold up nobody, and must outlast its long poll.
            "read_timeout": 2 if polls_in_loop else 4,
            "retries": {"mode": "standard", "total_max_attempts": 2},
        },
    }
