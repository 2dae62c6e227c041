"""Delivers the signed callback to the consumer."""
