"""Signed-in browsers and what counts once, by the hashes of their secrets."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from gateway.model.account import Account, Office, Session, Way
from gateway.storage.console_tables import accounts, sessions, tickets


def add(
    connection: Connection,
    session_hash: bytes,
    account_id: str,
    way: Way,
    began_at: datetime,
    ends_at: datetime,
) -> None:
    """Store a new session."""
    connection.execute(
        insert(sessions).values(
            session_hash=session_hash,
            account=account_id,
            way=way.value,
            began_at=began_at,
            seen_at=began_at,
            ends_at=ends_at,
        )
    )


def find(connection: Connection, session_hash: bytes) -> Session | None:
    """A session with its account, whether it still counts or not."""
    found = (
        select(sessions, accounts)
        .join(accounts, accounts.c.account == sessions.c.account)
        .where(sessions.c.session_hash == session_hash)
    )
    row = connection.execute(found).mappings().first()
    if row is None:
        return None
    account = Account(
        account_id=row[accounts.c.account],
        merchant=row[accounts.c.merchant],
        name=row[accounts.c.name],
        office=Office(row[accounts.c.office]),
        created_at=row[accounts.c.created_at],
        disabled_at=row[accounts.c.disabled_at],
        carrier_id=row[accounts.c.carrier],
    )
    return Session(
        account=account,
        way=Way(row[sessions.c.way]),
        began_at=row[sessions.c.began_at],
        seen_at=row[sessions.c.seen_at],
        ends_at=row[sessions.c.ends_at],
    )


def of_account(connection: Connection, account_id: str) -> Sequence[tuple[Way, datetime, datetime]]:
    """How each session of an account began, when, and when it was last seen; the newest first."""
    found = select(sessions.c.way, sessions.c.began_at, sessions.c.seen_at)
    mine = found.where(sessions.c.account == account_id).order_by(sessions.c.began_at.desc())
    return [(Way(row.way), row.began_at, row.seen_at) for row in connection.execute(mine)]


def touch(connection: Connection, session_hash: bytes, now: datetime) -> None:
    """Remember that a session is in use."""
    mine = sessions.c.session_hash == session_hash
    connection.execute(update(sessions).where(mine).values(seen_at=now))


def end(connection: Connection, session_hash: bytes) -> None:
    """Forget a session."""
    connection.execute(delete(sessions).where(sessions.c.session_hash == session_hash))


def end_all(connection: Connection, account_id: str, but: bytes | None = None) -> None:
    """Forget an account's sessions, except the one that is named."""
    mine = sessions.c.account == account_id
    if but is not None:
        mine &= sessions.c.session_hash != but
    connection.execute(delete(sessions).where(mine))


def add_ticket(
    connection: Connection, ticket_hash: bytes, kind: str, account_id: str | None, ends_at: datetime
) -> None:
    """Store something that counts once."""
    connection.execute(
        insert(tickets).values(
            ticket_hash=ticket_hash, kind=kind, account=account_id, ends_at=ends_at
        )
    )


def ticket(
    connection: Connection, ticket_hash: bytes, kind: str, now: datetime
) -> tuple[str | None] | None:
    """The account that a live ticket is for, in a tuple; None when there is no such ticket."""
    mine = (tickets.c.ticket_hash == ticket_hash) & (tickets.c.kind == kind)
    row = connection.execute(
        select(tickets.c.account).where(mine & (tickets.c.ends_at > now))
    ).first()
    return None if row is None else (row.account,)


def use_ticket(connection: Connection, ticket_hash: bytes) -> bool:
    """Whether the ticket was still there; it is not any more."""
    mine = tickets.c.ticket_hash == ticket_hash
    return connection.execute(delete(tickets).where(mine)).rowcount == 1


def drop_tickets(connection: Connection, account_id: str, kind: str) -> None:
    """Forget what an account was given of a kind."""
    mine = (tickets.c.account == account_id) & (tickets.c.kind == kind)
    connection.execute(delete(tickets).where(mine))


def forget_ended(connection: Connection, now: datetime) -> None:
    """Drop sessions and tickets whose time is over."""
    connection.execute(delete(sessions).where(sessions.c.ends_at <= now))
    connection.execute(delete(tickets).where(tickets.c.ends_at <= now))
