"""Python SDK and the millrace command line."""
