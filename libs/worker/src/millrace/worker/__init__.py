"""Celery app factory, worker classes, the base part task and the join."""
