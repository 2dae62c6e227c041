"""Larger `transformers` models in place of a task's default: by hub id and revision, S3 address, or folder."""
