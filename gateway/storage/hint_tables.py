"""Tables of what is worth a look: what carriers and clients usually do, hints, and saved searches."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from gateway.storage.tables import Instant, metadata

habits = Table(
    "habits",
    metadata,
    Column("merchant", String(64), ForeignKey("merchants.merchant"), primary_key=True),
    # What is counted of whom, such as released-by-hour/dachser; derived from the log.
    Column("habit", String(100), primary_key=True),
    # The hour of the day, or the day (proleptic ordinal), as readers of the log count them.
    Column("slot", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
)

hints = Table(
    "hints",
    metadata,
    Column("merchant", String(64), ForeignKey("merchants.merchant"), primary_key=True),
    # What it is about and when, so that the same thing is one hint however often it is noticed.
    Column("hint", String(160), primary_key=True),
    Column("kind", String(16), nullable=False),
    # A carrier, a client, or an order's name in the log.
    Column("about", String(64), nullable=False),
    Column("day", Integer, nullable=False),
    # How many, and how many are usual; what they count is the kind's to say.
    Column("number", Integer, nullable=False),
    Column("usual", Integer, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("reviewed_at", Instant),
    Column("reviewed_by", String(32)),
    Column("conclusion", String(16)),
    Index(None, "merchant", "seen_at"),
)

searches = Table(
    "searches",
    metadata,
    Column("search", String(32), primary_key=True),
    Column("account", String(32), ForeignKey("accounts.account"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    # The query of an address of the log, as its reader saved it.
    Column("query", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
