"""What entries of the log are sought by, and whether a kind of entry fits; pure, it reads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.storage.tallies import Kind


class Facet(StrEnum):
    """What entries can be sought by, beside their time and their order."""

    OUTCOME = "outcome"
    ACTION = "action"
    REASON = "reason"
    PURPOSE = "purpose"
    CARRIER = "carrier"
    ACTOR = "actor"
    FIELD = "field"


Values = Mapping[Facet, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What entries must tell of: any of the `wanted` values of each facet, none of the `unwanted`.

    `since` is inclusive, `until` is not; None leaves it open.
    """

    wanted: Values = field(default_factory=dict)
    unwanted: Values = field(default_factory=dict)
    order_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def names(self) -> str:
        """Which facts were sought by, for the record; never what was looked for."""
        given = {
            "order_number": self.order_number,
            "from": self.since,
            "to": self.until,
            **{facet.value: self.wanted.get(facet) for facet in Facet},
            **{f"not_{facet}": self.unwanted.get(facet) for facet in Facet},
        }
        return ",".join(name for name, value in given.items() if value)

    def fit(self, kind: Kind, but: Facet | None = None) -> bool:
        """Whether entries of this kind are sought, whatever they say of the facet `but`."""
        return all(
            facet is but or (not unwanted & values_of(kind, facet))
            for facet, unwanted in self.unwanted.items()
        ) and all(
            facet is but or bool(wanted & values_of(kind, facet))
            for facet, wanted in self.wanted.items()
        )

    @property
    def is_open(self) -> bool:
        """Whether entries of every kind are sought."""
        return not any(self.wanted.values()) and not any(self.unwanted.values())


def values_of(kind: Kind, facet: Facet) -> frozenset[str]:
    """What entries of a kind say of a facet."""
    match facet:
        case Facet.REASON:
            return frozenset(kind.reasons)
        case Facet.FIELD:
            return frozenset(kind.fields)
        case _:
            value: str = getattr(kind, facet.value)
            return frozenset({value} if value else ())
