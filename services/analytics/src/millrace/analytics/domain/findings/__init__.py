"""Findings in plain words: each claims only what is significant."""
