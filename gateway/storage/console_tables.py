"""The console's tables: accounts, their keys to the door, sessions; secrets only as hashes or sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.storage.tables import Instant, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(32), primary_key=True),
    Column("merchant", String(64), ForeignKey("merchants.merchant"), nullable=False),
    # In lower case: people do not remember how they wrote it.
    Column("name", String(100), nullable=False, unique=True),
    Column("office", String(16), nullable=False),
    # Whose deliveries it sees; for the office of a carrier alone.
    Column("carrier", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    # Argon2id with its parameters, as the PHC string format writes it.
    Column("password_hash", Text),
    # The authenticator's secret, sealed by a key of the keyring; `totp_step` is the last one used.
    Column("totp_sealed", LargeBinary),
    Column("totp_step", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
    Index(None, "merchant", "created_at"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential", LargeBinary(1023), primary_key=True),
    Column("account", String(32), ForeignKey("accounts.account"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    # How often its authenticator says that it signed; one that runs backwards was copied.
    Column("uses", BigInteger, nullable=False),
    Column("label", String(100), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
)

openid_bindings = Table(
    "openid_bindings",
    metadata,
    Column("account", String(32), ForeignKey("accounts.account"), primary_key=True),
    # Who opens it with the company account, as the provider named them the first time.
    Column("issuer", String(500), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("bound_at", Instant, nullable=False),
    UniqueConstraint("issuer", "subject"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account", String(32), ForeignKey("accounts.account"), primary_key=True),
    # SHA-256 of 80 random bits: nothing to guess, so no slow hash is needed. Gone once used.
    Column("code_hash", LargeBinary(32), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of the cookie's 256 random bits.
    Column("session_hash", LargeBinary(32), primary_key=True),
    Column("account", String(32), ForeignKey("accounts.account"), nullable=False, index=True),
    Column("way", String(16), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
)

tickets = Table(
    "tickets",
    metadata,
    # SHA-256 of something random that counts once: a sign-in link, a passkey's challenge.
    Column("ticket_hash", LargeBinary(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("account", String(32), ForeignKey("accounts.account")),
    Column("ends_at", Instant, nullable=False, index=True),
)

erasure_requests = Table(
    "erasure_requests",
    metadata,
    # What one person asked for and another is to confirm; gone once it is settled.
    Column("request", String(32), primary_key=True),
    Column("merchant", String(64), nullable=False),
    Column("order_number", String(32), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("account", String(32), ForeignKey("accounts.account"), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    ForeignKeyConstraint(["merchant", "order_number"], ["orders.merchant", "orders.order_number"]),
    UniqueConstraint("merchant", "order_number"),
)
