"""What the figures were measured on."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

import psutil

_PACKAGES = ("celery", "kombu", "gevent", "redis", "pydantic", "boto3", "moto")


def facts() -> dict[str, object]:
    """Machine, versions and the load before anything was started. No host name: figures are passed around."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "load_average_before": [round(each, 2) for each in os.getloadavg()],
    }
