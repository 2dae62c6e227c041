"""Secrets that are none: what tests give to processes that do not start without one."""

MESSAGE_SECRET = "messages-of-tests-and-of-nothing-else"
"""For `MILLRACE_MESSAGE_SECRET`."""
