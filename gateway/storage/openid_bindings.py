"""Which person of the OpenID Connect provider's opens which account: one each, for good."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.storage.console_tables import accounts, openid_bindings


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the provider knows them: an address may pass to another, these two never do.

    OpenID Connect Core 5.7.
    """

    issuer: str
    subject: str


def of_account(connection: Connection, account_id: str) -> Person | None:
    """Who opens this account; None before the first time."""
    found = select(openid_bindings).where(openid_bindings.c.account == account_id)
    row = connection.execute(found).first()
    return None if row is None else Person(row.issuer, row.subject)


def opens_any(connection: Connection, person: Person) -> bool:
    """Whether there is an account that this person opens."""
    theirs = (openid_bindings.c.issuer == person.issuer) & (
        openid_bindings.c.subject == person.subject
    )
    found = select(openid_bindings.c.account).where(theirs)
    return connection.execute(found).first() is not None


def bound(connection: Connection, merchant: str) -> frozenset[str]:
    """The merchant's accounts that somebody opens so."""
    found = select(openid_bindings.c.account).join(accounts).where(accounts.c.merchant == merchant)
    return frozenset(connection.execute(found).scalars())


def bind(connection: Connection, account_id: str, person: Person, now: datetime) -> None:
    """From now on this person opens the account, and nobody else does so."""
    connection.execute(
        insert(openid_bindings).values(
            account=account_id, issuer=person.issuer, subject=person.subject, bound_at=now
        )
    )


def unbind(connection: Connection, account_id: str) -> bool:
    """Whether somebody opened the account; whoever comes first does from now on."""
    mine = openid_bindings.c.account == account_id
    return connection.execute(delete(openid_bindings).where(mine)).rowcount == 1
