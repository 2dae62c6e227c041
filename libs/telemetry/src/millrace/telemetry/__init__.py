"""Structured logs, traces and error reports; attribute names in one place."""
