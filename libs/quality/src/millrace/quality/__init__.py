"""What must hold of a dataset's rows."""
