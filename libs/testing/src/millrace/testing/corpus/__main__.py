"""`python -m millrace.testing.corpus --seed 7 --n 400 --out FILE`: write a corpus as CSV."""

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from millrace.testing.corpus.export import to_csv
from millrace.testing.corpus.generator import generate

DEFAULT_START = date(2025, 8, 4)
DEFAULT_DAYS = 91
"""Thirteen weeks."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file; the same arguments write the same bytes."""
    parser = argparse.ArgumentParser(prog="python -m millrace.testing.corpus", description="Write a corpus as CSV.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--n", type=int, default=400, help="number of records")
    parser.add_argument("--start", type=date.fromisoformat, default=DEFAULT_START, help="first day")
    parser.add_argument("--days", type=int, default=DEFAULT_DAYS)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    corpus = generate(options.seed, options.n, options.start, options.days)
    options.out.write_bytes(to_csv(corpus.records))


if __name__ == "__main__":
    main()
