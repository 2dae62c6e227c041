"""What was found out about texts before, so that a text that comes again costs nothing. May be lost at any time."""
