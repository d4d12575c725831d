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
    # significant byte first; 0 for nobody. Of releases alone, else empty. Versions before 0023, which
    # may serve beside this one, count buyers by it.
    Column("subjects", LargeBinary),
    # Answers every question but the last without touching the places.
    Index(None, "log", "kind", "block", "day", "count"),
)

tally_sums = Table(
    "tally_sums",
    metadata,
    # How many entries of each kind 64 blocks hold, which are full: they change no more.
    Column("log", Integer, primary_key=True),
    Column("span", Integer, primary_key=True),
    Column("kind", Integer, ForeignKey("kinds.kind"), primary_key=True),
    Column("count", Integer, nullable=False),
)

tallied = Table(
    "tallied",
    metadata,
    Column("log", Integer, primary_key=True),
    # How many entries are counted: the index of the first that is not.
    Column("upto", BigInteger, nullable=False),
)

arrival_routes = Table(
    "arrival_routes",
    metadata,
    # To whom contacts went and through whom, empty for anybody: each once that one can ask for.
    Column("route", Integer, primary_key=True, autoincrement=True),
    Column("merchant", String(64), ForeignKey("merchants.merchant"), nullable=False),
    Column("carrier", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    UniqueConstraint("merchant", "carrier", "actor"),
)

arrivals = Table(
    "arrivals",
    metadata,
    # How many buyers' contacts went out on a day of a log, by the day on which they did before; no
    # such day is 0. A day is its readers', and what of it stands in this log.
    Column("log", Integer, primary_key=True),
    Column("route", Integer, ForeignKey("arrival_routes.route"), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("before_log", Integer, primary_key=True),
    Column("before_day", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
)

arrived = Table(
    "arrived",
    metadata,
    Column("log", Integer, primary_key=True),
    # How many entries are looked through, and whose days the arrivals are of.
    Column("upto", BigInteger, nullable=False),
    Column("zone", String(64), nullable=False),
)

siem_cursors = Table(
    "siem_cursors",
    metadata,
    Column("log", Integer, primary_key=True),
    # How many entries the SIEM has confirmed: the index of the first that it has not.
    Column("upto", BigInteger, nullable=False),
)
