"""Turns raw records into ratings, customers and operations tables."""
