"""Run store, artifact store, join store and envelope encryption, each with an in-memory twin."""
