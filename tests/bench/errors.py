"""Errors of the benchmark.

BenchError     a worker died, a run did not end, or it ended badly: there is no figure to report
"""


class BenchError(Exception):
    """What was to be measured did not happen."""
