"""Traces by OpenTelemetry and errors by Sentry, each only when an address is configured."""

from millrace.telemetry.settings import TelemetrySettings


def configure_tracing(service: str, settings: TelemetrySettings) -> None:
    """Export spans over OTLP/HTTP. Call it after a fork: exporters own threads and sockets."""
    if not settings.otlp_endpoint:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from millrace.telemetry.scrubbing import Scrubbed

    resource = Resource.create(
        {
            "service.name": service,
            "service.version": settings.release,
            "deployment.environment.name": settings.environment,
        }
    )
    provider = TracerProvider(resource=resource)
    endpoint = f"{settings.otlp_endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(Scrubbed(OTLPSpanExporter(endpoint=endpoint))))
    trace.set_tracer_provider(provider)


def configure_errors(service: str, settings: TelemetrySettings) -> None:
    """Report exceptions to Sentry without variables, arguments or request bodies."""
    if not settings.sentry_dsn:
        return
    import sentry_sdk
    from sentry_sdk.scrubber import EventScrubber

    from millrace.telemetry.scrubbing import scrubbed_event

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.environment,
        release=settings.release,
        server_name=service,
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        traces_sample_rate=None,
        max_breadcrumbs=0,
        event_scrubber=EventScrubber(recursive=True),
        before_send=scrubbed_event,
    )
