"""The tallies of the log: how many entries of each kind there are, and where; derived, so never evidence."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from gateway.storage.tables import metadata

kinds = Table(
    "kinds",
    metadata,
    # All that entries can be sought by, once for each combination that occurs; empty for none.
    Column("kind", Integer, primary_key=True, autoincrement=True),
    Column("merchant", String(64), ForeignKey("merchants.merchant"), nullable=False),
    Column("action", String(32), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("carrier", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    # Reason codes and names of fields, each list joined by blanks.
    Column("reasons", String(400), nullable=False),
    Column("fields", String(64), nullable=False),
    UniqueConstraint(
        *("merchant", "action", "outcome", "purpose", "carrier", "role", "actor"),
        *("reasons", "fields"),
    ),
)

tallies = Table(
    "tallies",
    metadata,
    Column("log", Integer, primary_key=True),
    # The log in pieces of 4096 entries, the day as its readers count days.
    Column("block", Integer, primary_key=True),
    Column("kind", Integer, ForeignKey("kinds.kind"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    # Where in the block: an ascending list of 16-bit numbers, least significant byte first.
    Column("places", LargeBinary, nullable=False),
    # Whom each tells of, in the same order: the last 64 bits of the subject's name in the log, least
    # significant byte first; 0 for nobody. Of releases alone, else empty.
    Column("subjects", LargeBinary),
    # Answers every question but the last without touching the places.
    Index(None, "log", "kind", "block", "day", "count"),
)

tallied = Table(
    "tallied",
    metadata,
    Column("log", Integer, primary_key=True),
    # How many entries are counted: the index of the first that is not.
    Column("upto", BigInteger, nullable=False),
)

siem_cursors = Table(
    "siem_cursors",
    metadata,
    Column("log", Integer, primary_key=True),
    # How many entries the SIEM has confirmed: the index of the first that it has not.
    Column("upto", BigInteger, nullable=False),
)
