"""Who speaks, in OpenTelemetry's words: a service, and which of its processes.

https://opentelemetry.io/docs/specs/semconv/resource/service/
"""

import os
import socket

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from millrace.telemetry.settings import TelemetrySettings


def a_service(service: str, settings: TelemetrySettings) -> Resource:
    """A service of this release, whichever of its processes."""
    return Resource(
        {
            "service.name": service,
            "service.version": settings.release,
            "deployment.environment.name": settings.environment,
        }
    )


def this_process(service: str, settings: TelemetrySettings) -> Resource:
    """This process, and what the deployment knows of it (OTEL_RESOURCE_ATTRIBUTES), such as its pod.

    A pod may have several processes: the instance is ours to say. Ask after a fork.
    """
    instance = Resource({"service.instance.id": f"{socket.gethostname()}:{os.getpid()}"})
    return a_service(service, settings).merge(OTELResourceDetector().detect()).merge(instance)
