"""Pure planning and joining."""
