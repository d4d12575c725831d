"""The tables of hand-overs: messages to carriers, the endpoints they go to, what carriers take at once."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from gateway.storage.tables import Instant, metadata

_WAITING = text("settled_at IS NULL")

messages = Table(
    "messages",
    metadata,
    # The order in which they were queued: times may be alike, and ids are random within a moment.
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("message", String(32), nullable=False, unique=True),
    Column("topic", String(16), nullable=False, server_default="contact"),
    Column("merchant", String(64), nullable=False),
    Column("carrier", String(64), nullable=False),
    # References alone: the contact is looked up, decided on and opened when the message is sent.
    Column("order_number", String(32), nullable=False),
    Column("consignment", String(64)),
    Column("actor_role", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("fate", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    # Until then one sender has it; if that one dies, another takes it up.
    Column("leased_until", Instant),
    Column("settled_at", Instant, index=True),
    Column("outcome", String(200)),
    ForeignKeyConstraint(["merchant", "carrier"], ["carriers.merchant", "carriers.carrier"]),
    ForeignKeyConstraint(["merchant", "order_number"], ["orders.merchant", "orders.order_number"]),
    Index("ix_messages_due", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index(
        "ix_messages_waiting",
        *("merchant", "carrier", "order_number", "place"),
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    Index(None, "merchant", "fate", "place"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("carrier", String(64), primary_key=True),
    # SHA-256 of address and public key that met the challenge: another one has not.
    Column("verified", LargeBinary(32)),
    # Of those that said 410 Gone: nothing is sent until the challenge is met anew.
    Column("disabled", LargeBinary(32)),
    # After a failure the endpoint is left in peace for a while, whatever is waiting for it.
    Column("paused_until", Instant),
    Column("failures", Integer, nullable=False),
    ForeignKeyConstraint(["merchant", "carrier"], ["carriers.merchant", "carriers.carrier"]),
)

quotas = Table(
    "quotas",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("carrier", String(64), primary_key=True),
    # The last times, as seconds since 1970; and the day (UTC, days since 1970) with its count.
    Column("recent", JSON, nullable=False),
    Column("day", Integer, nullable=False),
    Column("in_day", Integer, nullable=False),
    ForeignKeyConstraint(["merchant", "carrier"], ["carriers.merchant", "carriers.carrier"]),
)
