"""The finite world of the rules: each client and each way to the buyer that a question can name.

It gives each of them only the facts that it has, as ``gateway.cedarschema`` declares them, so that
no rule can hold a carrier's registration against a merchant. It decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Any, NamedTuple

from policies.question import FACTS, Channel, Purpose, Question, Role


@dataclass(frozen=True, slots=True)
class _Kind:
    """A Cedar entity type, and the facts of a question that entities of this type have."""

    type: str
    facts: tuple[str, ...]

    def values(self, question: Question) -> tuple[Any, ...]:
        return tuple([getattr(question, fact) for fact in self.facts])

    def uid(self, values: tuple[Any, ...]) -> dict[str, str]:
        named = zip(self.facts, values, strict=True)
        return {"type": self.type, "id": ", ".join(f"{fact}={value}" for fact, value in named)}

    def every(self) -> Iterator[tuple[Any, ...]]:
        return product(*(FACTS[fact] for fact in self.facts))

    def entities(self) -> Iterator[dict[str, Any]]:
        for values in self.every():
            attributes = dict(zip(self.facts, map(_cedar, values), strict=True))
            yield {"uid": self.uid(values), "attrs": attributes, "parents": []}


_CLIENTS = {
    Role.CARRIER: _Kind(
        "Carrier", ("registration", "responsible", "purpose_registered", "fields_registered")
    ),
    Role.MERCHANT: _Kind("Merchant", ("purpose_registered",)),
    Role.SHOP: _Kind("Shop", ("purpose_registered",)),
    Role.MAILER: _Kind("Mailer", ("purpose_registered",)),
    Role.REVIEWER: _Kind("Reviewer", ("purpose_registered",)),
}
_CONTACTS = {
    Channel.CARRIER: _Kind("FreightContact", ("mode", "window", "erased")),
    Channel.RELAY: _Kind("RelayAddress", ("erased",)),
    Channel.PARTNER_CONNECT: _Kind("PartnerConnect", ()),
}


class Asked(NamedTuple):
    """All that the rules are told of a question; questions that say the same to them are equal."""

    role: Role
    client: tuple[Any, ...]
    purpose: Purpose
    channel: Channel
    contact: tuple[Any, ...]

    @classmethod
    def of(cls, question: Question) -> "Asked":
        return cls(
            question.role,
            _CLIENTS[question.role].values(question),
            question.purpose,
            question.channel,
            _CONTACTS[question.channel].values(question),
        )

    def request(self) -> dict[str, dict[str, str]]:
        """The question in Cedar's words: principal, action and resource."""
        return {
            "principal": _CLIENTS[self.role].uid(self.client),
            "action": {"type": "Action", "id": self.purpose.value},
            "resource": _CONTACTS[self.channel].uid(self.contact),
        }


def every() -> Iterator[Asked]:
    """All that the rules can ever be asked."""
    for role, purpose, channel in product(Role, Purpose, Channel):
        for client, contact in product(_CLIENTS[role].every(), _CONTACTS[channel].every()):
            yield Asked(role, client, purpose, channel, contact)


def entities() -> list[dict[str, Any]]:
    """Every client and contact that a request can name, with its facts, as Cedar's JSON."""
    kinds = [*_CLIENTS.values(), *_CONTACTS.values()]
    return [entity for kind in kinds for entity in kind.entities()]


def _cedar(value: Enum | bool) -> object:
    if isinstance(value, bool):
        return value
    return {"__entity": {"type": type(value).__name__, "id": value.value}}
