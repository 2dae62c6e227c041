"""Which documented answers were seen, operation by operation."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

RACES = frozenset({"PATCH /v1/endpoints/{endpoint_id} 409", "POST /v1/endpoints/{endpoint_id}/rotate 409"})
"""Answers to who lost a race against other writers several times in a row: no request is sure to bring them about."""
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
    never = [
        f"{label} {status}" for label, statuses in promised.items() for status in statuses if not seen[label, status]
    ]
    return [answer for answer in never if answer not in RACES]


def undocumented(promised: Mapping[str, tuple[str, ...]], seen: Counter[tuple[str, str]]) -> list[str]:
    """Answers that came and are not documented."""
    return sorted(f"{label} {status}" for label, status in seen if label in promised and status not in promised[label])
