"""What a change of keys goes through page by page: wrapped data keys, digests, fingerprints.

Everything here can be stopped at any page and begun again: what is done no longer matches.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)

from gateway.storage.orders import FREIGHT
from gateway.storage.prepared import Prepared
from gateway.storage.tables import contact_digests, contacts, orders
from gateway.vault.envelope import Binding

Place = tuple[str, str]
"""An order number and a kind: how far a page went."""

START: Place = ("", "")


@dataclass(frozen=True, slots=True)
class WrappedDataKey:
    """A stored data key: what its envelope is bound to, and which key wraps it."""

    binding: Binding
    key_id: str
    wrapped_key: bytes

    @property
    def place(self) -> Place:
        """Where it stands among its merchant's."""
        return self.binding.order_number, self.binding.kind


def wait_for_writers(connection: Connection) -> None:
    """Let every write under way end, and keep others out until this transaction does.

    On SQLite a writing transaction is alone anyway. On PostgreSQL each write first takes its
    merchant's log, before it seals anything.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE logs IN EXCLUSIVE MODE"))


def count(connection: Connection, key_ids: Collection[str]) -> int:
    """How many contacts these keys wrap."""
    found = select(func.count()).where(contacts.c.key_id.in_(key_ids))
    return connection.execute(found).scalar_one()


def count_alive(connection: Connection, key_id: str, now: datetime) -> int:
    """How many contacts the key wraps that are not due at `now`."""
    mine = (contacts.c.key_id == key_id) & (contacts.c.delete_by > now)
    return connection.execute(select(func.count()).where(mine)).scalar_one()


def merchants_of(connection: Connection, key_ids: Collection[str]) -> list[str]:
    """The merchants whose contacts these keys wrap."""
    mine = contacts.c.key_id.in_(key_ids)
    found = select(contacts.c.merchant).distinct().where(mine).order_by(contacts.c.merchant)
    return list(connection.execute(found).scalars())


def page(
    connection: Connection, merchant: str, after: Place, key_ids: Collection[str], limit: int
) -> list[WrappedDataKey]:
    """The merchant's next data keys that any of these keys wraps, in order of their place."""
    table = contacts.c
    found = (
        select(table.order_number, table.kind, table.contact, table.version, table.key_id)
        .add_columns(table.wrapped_key)
        .where(table.merchant == merchant)
        .where(tuple_(table.order_number, table.kind) > after)
        .where(table.key_id.in_(key_ids))
        .order_by(table.order_number, table.kind)
        .limit(limit)
    )
    return [
        WrappedDataKey(
            Binding(merchant, row.order_number, row.contact, row.kind, row.version),
            row.key_id,
            row.wrapped_key,
        )
        for row in connection.execute(found)
    ]


_REPLACE = Prepared(
    update(contacts)
    .where(contacts.c.merchant == bindparam("of_merchant"))
    .where(contacts.c.order_number == bindparam("of_order"))
    .where(contacts.c.kind == bindparam("of_kind"))
    # An import may have put another envelope in its place meanwhile.
    .where(contacts.c.contact == bindparam("of_contact"))
    .where(contacts.c.key_id == bindparam("of_key"))
    .values(key_id=bindparam("new_key"), wrapped_key=bindparam("new_wrapped"))
)


def replace(connection: Connection, changes: Sequence[tuple[WrappedDataKey, str, bytes]]) -> None:
    """Put a newly wrapped data key, with its key's name, in place of each that still stands."""
    _REPLACE.run(
        connection,
        [
            {
                "of_merchant": old.binding.merchant,
                "of_order": old.binding.order_number,
                "of_kind": old.binding.kind,
                "of_contact": old.binding.contact_id,
                "of_key": old.key_id,
                "new_key": key_id,
                "new_wrapped": wrapped_key,
            }
            for old, key_id, wrapped_key in changes
        ],
    )


# ---- The blind index ----------------------------------------------------------------------------


_ADD_DIGESTS = Prepared(insert(contact_digests))


def indexed_before(
    connection: Connection, merchant: str, prefix: bytes, after: str, limit: int
) -> list[str]:
    """Orders beyond `after` that stand in the index under digests which sort before `prefix`."""
    table = contact_digests.c
    found = (
        select(table.order_number)
        .distinct()
        .where(table.merchant == merchant, table.digest < prefix, table.order_number > after)
        .order_by(table.order_number)
        .limit(limit)
    )
    return list(connection.execute(found).scalars())


def count_indexed_before(connection: Connection, prefix: bytes) -> int:
    """How many digests sort before `prefix`."""
    found = select(func.count()).where(contact_digests.c.digest < prefix)
    return connection.execute(found).scalar_one()


def reindex(
    connection: Connection,
    merchant: str,
    order_numbers: Sequence[str],
    digests: Mapping[str, tuple[str, Sequence[bytes]]],
) -> None:
    """Put digests in place of those of these orders: by order number, the contact they are of.

    Where an import replaced the contact meanwhile, it has written its own; where the contact is
    gone, its digests go.
    """
    mine = (contacts.c.merchant == merchant) & contacts.c.order_number.in_(order_numbers)
    found = select(contacts.c.order_number, contacts.c.contact).where(
        mine, contacts.c.kind == FREIGHT
    )
    current = {row.order_number: row.contact for row in connection.execute(found)}
    kept = [number for number in digests if digests[number][0] == current.get(number)]
    gone = [number for number in order_numbers if number not in current]
    table = contact_digests.c
    # By order number alone: SQLite would otherwise take the index by digest, and read all of it.
    mine = (table.merchant == merchant) & table.order_number.in_([*kept, *gone])
    connection.execute(delete(contact_digests).where(mine))
    rows = [
        {"merchant": merchant, "digest": digest, "order_number": number}
        for number in kept
        for digest in digests[number][1]
    ]
    if rows:
        _ADD_DIGESTS.run(connection, rows)


def forget_fingerprints(
    connection: Connection, merchant: str, prefix: bytes, after: str, limit: int
) -> str | None:
    """Clear fingerprints that sort before `prefix` in the next orders; the last of them, None at the end.

    An order without one counts as changed when it next comes.
    """
    beyond = (orders.c.merchant == merchant) & (orders.c.order_number > after)
    numbers = select(orders.c.order_number).where(beyond).order_by(orders.c.order_number)
    last = connection.execute(select(func.max(numbers.limit(limit).subquery().c.order_number)))
    until = last.scalar()
    if until is not None:
        connection.execute(
            update(orders)
            .where(beyond, orders.c.order_number <= until, orders.c.fingerprint < prefix)
            .values(fingerprint=None)
        )
    return until
