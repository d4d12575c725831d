"""Keeps the searches that people saved, each for its own account."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from gateway.storage.hint_tables import searches


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search of the log by its name; `query` is that of the address."""

    search_id: str
    name: str
    query: str


def of_account(connection: Connection, account_id: str) -> list[SavedSearch]:
    """All of an account, by name."""
    mine = select(searches).where(searches.c.account == account_id)
    found = connection.execute(mine.order_by(func.lower(searches.c.name), searches.c.search))
    return [SavedSearch(search_id=row.search, name=row.name, query=row.query) for row in found]


def add(connection: Connection, account_id: str, added: SavedSearch, now: datetime) -> None:
    """Keep a search."""
    row = {"search": added.search_id, "name": added.name, "query": added.query}
    connection.execute(insert(searches).values(account=account_id, created_at=now, **row))


def drop(connection: Connection, account_id: str, search_id: str) -> bool:
    """Whether the account had this search; it has not any more."""
    mine = (searches.c.account == account_id) & (searches.c.search == search_id)
    return connection.execute(delete(searches).where(mine)).rowcount == 1
