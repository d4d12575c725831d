"""Contact values and the records that hold them; their text shows only where it is asked for by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Private:
    """A text about a buyer that must not reach a log, a repr or an error message."""

    _text: str

    def reveal(self) -> str:
        """The text itself; each caller of this is a place where contact data stands in the clear."""
        return self._text

    def __repr__(self) -> str:
        return "<private>"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "<private>"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __len__(self) -> int:
        raise TypeError("the length of a private text is not shown")


@dataclass(frozen=True, slots=True)
class FreightContact:
    """What OTTO gives with a freight order for agreeing the delivery appointment.

    `phone` is E.164, or None when OTTO gave none or when it does not parse; then `phone_as_given`
    keeps what came. `email` is the buyer's real address or None; never a relay or a placeholder.
    """

    name: Private
    phone: Private | None
    phone_as_given: Private | None
    email: Private | None


@dataclass(frozen=True, slots=True)
class ShopContact:
    """The address that a shop system may store with the order: OTTO's relay, or a placeholder."""

    email: Private
    deliverable: bool
