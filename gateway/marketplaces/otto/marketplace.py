"""OTTO Market as a marketplace whose orders come in files and requests: its JSON, its derivation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.otto.derive import derive, prepare
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.stream import OrderStream, RawOrder
from gateway.marketplaces.window import Readable
from gateway.model.order import OTTO, Order


@dataclass(frozen=True, slots=True)
class Otto:
    """The marketplace over its facts."""

    facts: OttoFacts
    name: str = OTTO

    def documents(self, source: Readable, order_bytes: int) -> OrderStream:
        """One order, a page, an array or NDJSON."""
        return OrderStream(source, order_bytes=order_bytes)

    def derived(self, value: Mapping[str, Any]) -> Order | Rejected:
        """The order that OTTO's JSON object stands for."""
        return derive(value, self.facts)

    def packed(self, order: RawOrder) -> bytes:
        """Its bytes: reading them once more costs less than handing the decoded value over."""
        return order.raw

    def prepared(self, packed: bytes) -> Order | Rejected:
        """`derived`, of an order's bytes."""
        return prepare(packed, self.facts)
