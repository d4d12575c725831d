"""The finite world of the rules: each client and each way to the buyer that a question can name.

It gives each of them only the facts that it has, as ``gateway.cedarschema`` declares them, so that
no rule can hold a carrier's registration against a merchant. It decides nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from operator import attrgetter
from typing import Any

from policies.question import FACTS, Channel, Purpose, Question, Role

Told = tuple[Any, ...]
"""All that the rules are told of a question: role, purpose, channel, and the facts of both sides.

Questions that tell the same are one to the rules.
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A Cedar entity type, and the facts of a question that entities of this type have."""

    type: str
    facts: tuple[str, ...]

    def uid(self, values: Sequence[Any]) -> dict[str, str]:
        named = zip(self.facts, values, strict=True)
        return {"type": self.type, "id": ", ".join(f"{fact}={value}" for fact, value in named)}

    def entities(self) -> Iterator[dict[str, Any]]:
        for values in product(*(FACTS[fact] for fact in self.facts)):
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
_TELL = {
    role: {
        channel: attrgetter("role", "purpose", "channel", *client.facts, *contact.facts)
        for channel, contact in _CONTACTS.items()
    }
    for role, client in _CLIENTS.items()
}


def told(question: Question) -> Told:
    """What ``question`` tells the rules."""
    values: Told = _TELL[question.role][question.channel](question)
    return values


def everything() -> Iterator[Told]:
    """All that the rules can ever be told, each once."""
    for role, purpose, channel in product(Role, Purpose, Channel):
        facts = (*_CLIENTS[role].facts, *_CONTACTS[channel].facts)
        for values in product(*(FACTS[fact] for fact in facts)):
            yield (role, purpose, channel, *values)


def request(values: Told) -> dict[str, dict[str, str]]:
    """What is told, in Cedar's words: principal, action and resource."""
    role, purpose, channel, *facts = values
    client, contact = _CLIENTS[role], _CONTACTS[channel]
    return {
        "principal": client.uid(facts[: len(client.facts)]),
        "action": {"type": "Action", "id": purpose.value},
        "resource": contact.uid(facts[len(client.facts) :]),
    }


def entities() -> list[dict[str, Any]]:
    """Every client and contact that a request can name, with its facts, as Cedar's JSON."""
    kinds = [*_CLIENTS.values(), *_CONTACTS.values()]
    return [entity for kind in kinds for entity in kind.entities()]


def _cedar(value: Enum | bool) -> object:
    if isinstance(value, bool):
        return value
    return {"__entity": {"type": type(value).__name__, "id": value.value}}
