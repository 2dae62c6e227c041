"""Where a run's time went, and why, from its record alone: `from millrace.journey import earlier, journey`.

`millrace.journey.page` makes a page of it; it is imported where a page is asked for.
"""

from millrace.journey.analysis import journey
from millrace.journey.earlier import earlier
from millrace.journey.normals import MOST, alike, comparable

__all__ = ["MOST", "alike", "comparable", "earlier", "journey"]
