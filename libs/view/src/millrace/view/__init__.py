"""The report as one self-contained HTML page: `from millrace.view import render`."""

from millrace.view.page import render

__all__ = ["render"]
