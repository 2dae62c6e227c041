"""What the service knows about language: pure functions over units."""
