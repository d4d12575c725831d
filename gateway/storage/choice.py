"""Opens the database that an address names."""

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import ConfigurationError
from gateway.storage.database import Database
from gateway.storage.postgresql import Postgresql
from gateway.storage.sqlite import Sqlite

_BESIDE_THREADS = 3
"""Connections beside one for each thread that answers: two for the sequencer, one for readiness."""


def open_database(address: str, threads: int) -> Database:
    """The database for a process that answers in so many threads; ConfigurationError for another kind.

    The address may hold a password, so no error shows it.
    """
    refusal = ConfigurationError("database.url: an sqlite:/// or postgresql:// URL")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise refusal from None
    match url.get_backend_name():
        case "sqlite":
            return Sqlite(url, threads + _BESIDE_THREADS)
        case "postgresql":
            return Postgresql(url, threads + _BESIDE_THREADS)
        case _:
            raise refusal
