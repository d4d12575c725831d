"""Tables of the rules: each version that decided, word for word, and the one that waits for approval."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from gateway.storage.tables import Instant, metadata

rule_versions = Table(
    "rule_versions",
    metadata,
    # The newest decides. One version may come back after another.
    Column("number", Integer, primary_key=True),
    # SHA-256 over the texts, as every entry names it.
    Column("version", String(80), nullable=False),
    # JSON: text by file name, the schema as one of them.
    Column("texts", Text, nullable=False),
    Column("approved_at", Instant, nullable=False),
)

rule_proposals = Table(
    "rule_proposals",
    metadata,
    # What one person proposed and another is to approve; gone once it is settled.
    Column("proposal", String(32), primary_key=True),
    Column("version", String(80), nullable=False),
    Column("texts", Text, nullable=False),
    # None for whoever proposed it at the machine itself.
    Column("account", String(32), ForeignKey("accounts.account")),
    Column("asked_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
)
