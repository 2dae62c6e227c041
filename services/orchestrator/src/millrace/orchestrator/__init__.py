"""Decides what is next for a run and publishes each stage as one chord."""
