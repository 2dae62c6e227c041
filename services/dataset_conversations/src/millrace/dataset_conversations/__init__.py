"""Turns raw records into conversations, turns and masked text units."""
