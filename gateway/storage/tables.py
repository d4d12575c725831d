"""The tables; every row belongs to a merchant, and no column holds contact data in the clear."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    text,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeDecorator

from gateway.errors import Unavailable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A time in UTC as whole microseconds since 1970: exact, sortable, alike on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002  SQLAlchemy's signature
        """Microseconds for the database."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002  see above
        """The aware time; Unavailable where a foreign hand has put something else there."""
        try:
            return None if value is None else _EPOCH + timedelta(microseconds=value)
        except (TypeError, OverflowError) as fault:
            raise Unavailable("database", "a time in it is none; gateway audit verify") from fault


class Octets(TypeDecorator[bytes]):
    """Bytes, whatever is stored: SQLite turns a blob that its functions have edited into text."""

    impl = LargeBinary
    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """As bytes, so that an edited leaf is read like any other and found to be another."""
        return cast(column, LargeBinary)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _worklist(name: str, time: str, condition: str) -> Index:
    """A carrier's pieces in one state, by the time that orders them; both databases match it by text."""
    where = text(f"carrier IS NOT NULL AND {condition}")
    columns = ("merchant", "carrier", time, "order_number")
    return Index(f"ix_items_{name}", *columns, sqlite_where=where, postgresql_where=where)


def _merchant(**options: Any) -> Column[str]:
    return Column("merchant", String(64), ForeignKey("merchants.merchant"), **options)


merchants = Table(
    "merchants",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # The policy version that this merchant's log knows; another one at start is an entry.
    Column("policy", String(80)),
)

carriers = Table(
    "carriers",
    metadata,
    _merchant(primary_key=True),
    Column("carrier", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("otto_codes", JSON, nullable=False),
    Column("modes", JSON, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("purposes", JSON, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Column("endpoint", Text),
    Column("public_key", Text),
    Column("withdrawn_at", Instant),
    Column("order_profile", String(64)),
    Column("order_endpoint", Text),
    # Its clients' plain tokens count for nothing: only such as are bound to a key or a certificate.
    Column("bound_tokens", Boolean, nullable=False),
)

clients = Table(
    "clients",
    metadata,
    Column("client", String(32), primary_key=True),
    _merchant(nullable=False),
    Column("role", String(16), nullable=False),
    Column("carrier", String(64)),
    Column("name", Text, nullable=False),
    # SHA-256 of a random 256-bit token: nothing to guess, so no slow hash is needed.
    Column("token_hash", LargeBinary(32), nullable=False, unique=True),
    Column("purposes", JSON, nullable=False),
    # The public keys that the client proves itself with; its token does not count beside them.
    Column("jwks", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    ForeignKeyConstraint(["merchant", "carrier"], ["carriers.merchant", "carriers.carrier"]),
    Index(None, "merchant", "created_at"),
)

orders = Table(
    "orders",
    metadata,
    _merchant(primary_key=True),
    Column("order_number", String(32), primary_key=True),
    # Whose order it is; its number is the merchant's only one of that name all the same.
    Column("marketplace", String(64), nullable=False),
    # Days after delivery that the marketplace lets its contact be kept; none of its own is NULL.
    Column("bar_days", Integer),
    Column("sales_order_id", String(64), nullable=False),
    Column("ordered_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("country", String(3)),
    Column("postcode_area", String(16)),
    Column("email_kind", String(16)),
    Column("phone_present", Boolean, nullable=False),
    Column("flags", JSON, nullable=False),
    # Keyed digest of the order as it last came: a repeated import is recognised by it.
    Column("fingerprint", LargeBinary(16)),
    # The order's name in the audit log, HMAC(subject_key, order); both go at erasure.
    Column("subject", String(32)),
    Column("subject_key", LargeBinary(32)),
    # No contact outlives this time; the retention date proper may be earlier.
    Column("latest_at", Instant, nullable=False),
    # When the contact went, for whatever reason; no later import brings it back.
    Column("erased_at", Instant),
    Index(None, "merchant", "subject", unique=True),
    # Shipments name orders by the marketplace's own id.
    Index(None, "merchant", "sales_order_id"),
)

items = Table(
    "items",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("order_number", String(32), primary_key=True),
    Column("item", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("status", String(32), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("evidence", String(32), nullable=False),
    Column("tracking_carrier", String(64)),
    Column("carrier", String(64)),
    Column("consignment", String(64)),
    Column("assigned_at", Instant),
    Column("appointment_starts_at", Instant),
    Column("appointment_ends_at", Instant),
    Column("delivered_at", Instant),
    ForeignKeyConstraint(["merchant", "order_number"], ["orders.merchant", "orders.order_number"]),
    Index(None, "merchant", "carrier", "consignment"),
    # The carriers' worklists: a piece that a carrier has stands in exactly one of these.
    _worklist("open", "assigned_at", "delivered_at IS NULL AND appointment_starts_at IS NULL"),
    _worklist(
        "agreed",
        "appointment_starts_at",
        "delivered_at IS NULL AND appointment_starts_at IS NOT NULL",
    ),
    _worklist("delivered", "delivered_at", "delivered_at IS NOT NULL"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("order_number", String(32), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("contact", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("key_id", String(64), nullable=False, index=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("delete_by", Instant, nullable=False, index=True),
    ForeignKeyConstraint(["merchant", "order_number"], ["orders.merchant", "orders.order_number"]),
)

contact_digests = Table(
    "contact_digests",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("digest", LargeBinary(16), primary_key=True),
    Column("order_number", String(32), primary_key=True),
    ForeignKeyConstraint(["merchant", "order_number"], ["orders.merchant", "orders.order_number"]),
    Index(None, "merchant", "order_number"),
)

logs = Table(
    "logs",
    metadata,
    Column("log", Integer, primary_key=True, autoincrement=True),
    _merchant(nullable=False),
    # The name it signs under: the configured origin, the merchant, the period.
    Column("origin", String(300), nullable=False, unique=True),
    Column("period", String(16), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    # How many entries there are: the index that the next one gets.
    Column("size", BigInteger, nullable=False),
    # How many of them the tree holds: the size of the last checkpoint.
    Column("integrated", BigInteger, nullable=False),
    Column("last_time", Instant, nullable=False),
    Index(None, "merchant", "log"),
)

entries = Table(
    "entries",
    metadata,
    Column("log", Integer, ForeignKey("logs.log"), primary_key=True),
    Column("index", BigInteger, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("merchant", String(64), nullable=False),
    Column("time", Instant, nullable=False),
    Column("action", String(32), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("purpose", String(32)),
    Column("actor_role", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("carrier", String(64)),
    Column("subject", String(32)),
    # The canonical JSON that is hashed; the columns beside it only serve the search.
    Column("leaf", Octets, nullable=False),
    Index(None, "merchant", "log", "index"),
    Index(None, "merchant", "subject", "log", "index"),
    Index(None, "merchant", "action", "log", "index"),
)

entry_reasons = Table(
    "entry_reasons",
    metadata,
    Column("merchant", String(64), primary_key=True),
    Column("reason", String(32), primary_key=True),
    Column("log", Integer, primary_key=True),
    Column("index", BigInteger, primary_key=True),
    ForeignKeyConstraint(["log", "index"], ["entries.log", "entries.index"]),
    # Entries are verified and deleted in their order.
    Index(None, "log", "index"),
)

tiles = Table(
    "tiles",
    metadata,
    Column("log", Integer, ForeignKey("logs.log"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("index", BigInteger, primary_key=True),
    # As many hashes as there were at the last checkpoint; narrower tiles are prefixes of it.
    Column("data", Octets, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("log", Integer, ForeignKey("logs.log"), primary_key=True),
    Column("size", BigInteger, primary_key=True),
    Column("note", Octets, nullable=False),
    Column("signed_at", Instant, nullable=False),
)

anchors = Table(
    "anchors",
    metadata,
    Column("log", Integer, ForeignKey("logs.log"), primary_key=True),
    # A witness or a holder, as `gateway audit witness` names it.
    Column("place", String(64), primary_key=True),
    # The largest checkpoint that it has confirmed, 0 for none.
    Column("size", BigInteger, nullable=False),
    Column("confirmed_at", Instant),
    Column("tried_at", Instant, nullable=False),
    Column("outcome", String(32), nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("client", String(32), ForeignKey("clients.client"), primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    # SHA-256 over method, path and body: the same key with another request is an error.
    Column("request_hash", LargeBinary(32), nullable=False),
    Column("status", Integer, nullable=False),
    # What was answered; for a release its id alone, never the contact.
    Column("answer", JSON, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)

liveness = Table(
    "liveness",
    metadata,
    # One row that readiness rewrites: it shows that a commit still becomes durable.
    Column("id", Integer, primary_key=True),
    Column("written_at", Instant, nullable=False),
)

schema_steps = Table(
    "schema_steps",
    metadata,
    # Written by the migrations alone, from the one on that made it.
    Column("revision", String(32), primary_key=True),
    # The first migration whose versions do without what this one took away; none: it only added.
    Column("contracts", String(32)),
)
