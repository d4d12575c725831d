"""Nested messages become paths."""

from gateway.marketplaces.paths import by_path


def test_nested_messages_become_dotted_paths() -> None:
    """Positions count from 0; what concerns a whole object has the object's path."""
    nested = {
        "orderNumber": ["a"],
        "positionItems": {0: {"product": {"sku": ["b", "c"]}}, 3: {"_schema": ["d"]}},
    }
    assert by_path(nested) == {
        "orderNumber": ["a"],
        "positionItems.0.product.sku": ["b", "c"],
        "positionItems.3": ["d"],
    }
