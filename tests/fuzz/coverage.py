"""Which documented answers were seen, operation by operation."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")


def documented(description: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Operation → the statuses that the description gives it."""
    return {
        f"{method.upper()} {path}": tuple(sorted(operations[method]["responses"]))
        for path, operations in sorted(description["paths"].items())
        for method in METHODS
        if method in operations
    }


def unseen(promised: Mapping[str, tuple[str, ...]], seen: Counter[tuple[str, str]]) -> list[str]:
    """Answers that are documented and never came."""
    return [
        f"{label} {status}" for label, statuses in promised.items() for status in statuses if not seen[label, status]
    ]


def undocumented(promised: Mapping[str, tuple[str, ...]], seen: Counter[tuple[str, str]]) -> list[str]:
    """Answers that came and are not documented."""
    return sorted(f"{label} {status}" for label, status in seen if label in promised and status not in promised[label])
