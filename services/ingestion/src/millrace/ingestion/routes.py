"""Every route of the HTTP API's version 1. Each needs one scope of its caller's key."""

from fastapi import APIRouter

from millrace.ingestion.control_routes import add_control
from millrace.ingestion.ports import Ports
from millrace.ingestion.read_routes import add_reads
from millrace.ingestion.report_routes import add_report
from millrace.ingestion.submit_routes import add_submit


def router(ports: Ports) -> APIRouter:
    """The routes over their ports."""
    api = APIRouter(prefix="/v1")
    add_submit(api, ports)
    add_reads(api, ports)
    add_control(api, ports.keys, ports.control)
    add_report(api, ports.keys, ports.reports)
    return api
