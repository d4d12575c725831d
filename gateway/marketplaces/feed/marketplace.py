"""A shop or marketplace whose export is read by its column map, as a marketplace like any other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.feed.derive import derive
from gateway.marketplaces.feed.documents import CsvOrders, JsonOrders
from gateway.marketplaces.feed.facts import FeedFacts
from gateway.marketplaces.stream import RawOrder
from gateway.marketplaces.window import Readable
from gateway.model.order import Order


@dataclass(frozen=True, slots=True)
class Feed:
    """The marketplace over its facts."""

    facts: FeedFacts

    @property
    def name(self) -> str:
        """As its file is called."""
        return self.facts.marketplace

    def documents(self, source: Readable, order_bytes: int) -> CsvOrders | JsonOrders:
        """The orders of an export."""
        if self.facts.layout.format == "csv":
            return CsvOrders(source, self.facts, order_bytes)
        return JsonOrders(source, self.facts, order_bytes)

    def derived(self, value: Mapping[str, Any]) -> Order | Rejected:
        """The order that rows stand for."""
        return derive(value, self.facts)

    def packed(self, order: RawOrder) -> bytes:
        """Its cells: its rows alone do not tell their columns."""
        return json.dumps(order.value).encode()

    def prepared(self, packed: bytes) -> Order | Rejected:
        """`derived`, of an order's cells."""
        return derive(json.loads(packed), self.facts)
