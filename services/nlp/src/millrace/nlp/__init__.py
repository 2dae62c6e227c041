"""Sentiment, themes, embeddings, topics and summaries of text units."""
