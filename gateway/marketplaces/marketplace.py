"""What an import needs of the place that orders come from; what is true of one stands in its own file."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from gateway.errors import InvalidInput
from gateway.marketplaces.deriving import Rejected
from gateway.marketplaces.stream import Lines, Outcome, RawOrder
from gateway.marketplaces.window import Readable
from gateway.model.order import Order


class Documents(Protocol):
    """The orders of one input as a stream of outcomes, in its order; to be iterated once."""

    @property
    def consumed(self) -> int:
        """How many bytes have been taken from the source, for a progress bar."""
        ...

    @property
    def head(self) -> bytes:
        """What a file of rejected orders begins with, so that it can be imported again."""
        ...

    def again(self, raw: bytes) -> bytes:
        """A rejected order's bytes as they stand in such a file."""
        ...

    def __iter__(self) -> Iterator[Outcome]:
        """Never raises for what is read."""
        ...

    def coarsely(self) -> Iterator[Outcome | Lines]:
        """As iterated, but that lines which stand for themselves may come unread."""
        ...


class Marketplace(Protocol):
    """A marketplace whose orders can be taken in."""

    @property
    def name(self) -> str:
        """What commands, requests and stored orders call it."""
        ...

    def documents(self, source: Readable, order_bytes: int) -> Documents:
        """The orders of an input; one may take `order_bytes`."""
        ...

    def derived(self, value: Mapping[str, Any]) -> Order | Rejected:
        """The order that a `RawOrder`'s value stands for, or why it does not hold."""
        ...

    def packed(self, order: RawOrder) -> bytes:
        """What another process needs to make the order; it goes through a pipe."""
        ...

    def prepared(self, packed: bytes) -> Order | Rejected:
        """`derived`, of what `packed` gave."""
        ...


def named(marketplaces: Mapping[str, Marketplace], name: str) -> Marketplace:
    """The marketplace of this name; InvalidInput with the known ones otherwise."""
    found = marketplaces.get(name)
    if found is None:
        known = ", ".join(sorted(marketplaces))
        raise InvalidInput(
            {"marketplace": [f"must be one of {known}, which stand in config/marketplaces/"]}
        )
    return found
