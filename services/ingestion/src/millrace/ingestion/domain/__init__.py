"""Files to records: pure parsing, with no web framework, store or environment."""
