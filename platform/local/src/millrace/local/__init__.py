"""The local stack: moto, Redis and every service as processes of one supervisor; no Docker."""
