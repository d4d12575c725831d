"""Entries with the names of what they tell of, as far as those are still known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.audit.entry import Entry
from gateway.storage import accounts, activity, carriers, clients


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, and the order that it tells of while that can be told."""

    entry: Entry
    order_number: str | None


@dataclass(frozen=True, slots=True)
class Names:
    """What carriers, clients and people are called whom entries name by their ids."""

    carriers: Mapping[str, str]
    actors: Mapping[str, str]


def names(connection: Connection, merchant: str) -> Names:
    """All names that a page of this merchant may need."""
    called = {one.client_id: one.name for one in clients.of_merchant(connection, merchant)}
    return Names(
        carriers={one.carrier_id: one.name for one in carriers.of_merchant(connection, merchant)},
        actors=called | accounts.names(connection, merchant),
    )


def lines(connection: Connection, merchant: str, found: Sequence[Entry]) -> list[Line]:
    """The entries, each with the number of its order unless the buyer is forgotten."""
    subjects = {entry.subject for entry in found if entry.subject}
    numbers = activity.order_numbers(connection, merchant, subjects)
    return [Line(entry, numbers.get(entry.subject or "")) for entry in found]


def order_number(connection: Connection, merchant: str, subject: str) -> str | None:
    """The number of the order that has this name in the log; None once the buyer is forgotten."""
    return activity.order_numbers(connection, merchant, [subject]).get(subject)
