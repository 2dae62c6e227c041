"""Pure rules of the callback."""
