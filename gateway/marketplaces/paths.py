"""Names the place of a fault in a nested document; paths hold keys and positions, never values."""

from collections.abc import Mapping
from typing import Any

SCHEMA = "_schema"  # marshmallow's key for what concerns an object as a whole


def by_path(messages: Mapping[Any, Any]) -> dict[str, list[str]]:
    """Nested messages of marshmallow as dotted paths: {"positionItems.0.fulfillmentStatus": [...]}."""
    paths: dict[str, list[str]] = {}
    for key, inner in messages.items():
        if not isinstance(inner, Mapping):
            paths[str(key)] = list(inner)
            continue
        for path, texts in by_path(inner).items():
            paths[str(key) if path == SCHEMA else f"{key}.{path}"] = texts
    return paths
