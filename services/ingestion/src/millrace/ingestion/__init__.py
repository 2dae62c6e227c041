"""The HTTP API: accepts batches, answers for runs and reports."""
