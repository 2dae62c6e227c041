"""Ratings, segments, customers and operations, made from records. Pure: no worker, no store."""
