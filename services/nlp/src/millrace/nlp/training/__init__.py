"""How the service's own weights are made. Nothing here runs in production."""
