"""Every route of the HTTP API's version 1. Each needs one scope of its caller's key."""

from fastapi import APIRouter

from millrace.ingestion.control_routes import add_control
from millrace.ingestion.endpoint_routes import add_endpoints
from millrace.ingestion.event_routes import add_events
from millrace.ingestion.journey_routes import add_journey
from millrace.ingestion.openapi import operation_id
from millrace.ingestion.ports import Ports
from millrace.ingestion.read_routes import add_reads
from millrace.ingestion.report_routes import add_report
from millrace.ingestion.submit_routes import add_submit
from millrace.ingestion.upload_routes import add_uploads


def router(ports: Ports) -> APIRouter:
    """The routes over their ports."""
    api = APIRouter(prefix="/v1", generate_unique_id_function=operation_id)
    add_submit(api, ports)
    add_reads(api, ports)
    add_control(api, ports.keys, ports.control)
    add_report(api, ports.keys, ports.reports)
    add_journey(api, ports)
    if ports.uploads is not None:
        add_uploads(api, ports.keys, ports.uploads)
    if ports.streams is not None:
        add_events(api, ports.keys, ports.streams)
    if ports.callbacks is not None:
        add_endpoints(api, ports.keys, ports.callbacks)
    return api
