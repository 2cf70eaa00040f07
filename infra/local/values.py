"""Values of JSON and YAML documents."""

from __future__ import annotations

from typing import Any


def as_list(value: Any) -> list[Any]:
    """A value that may be missing or a single item, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
