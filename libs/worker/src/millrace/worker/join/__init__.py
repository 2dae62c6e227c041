"""A Celery result backend that only joins chords, and does so at least once. Knows nothing of Millrace."""
