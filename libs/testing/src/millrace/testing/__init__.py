"""Factories, local servers and planted-truth data; imported by tests only."""
