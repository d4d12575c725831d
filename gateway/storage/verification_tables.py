"""The table of what came of each verification of the logs; bookkeeping, so never evidence."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from gateway.storage.tables import Instant, metadata

verifications = Table(
    "verifications",
    metadata,
    Column("merchant", String(64), ForeignKey("merchants.merchant"), primary_key=True),
    # When it began; all logs of the merchant are verified in one go.
    Column("verified_at", Instant, primary_key=True),
    Column("origin", String(200), primary_key=True),
    Column("outcome", String(16), nullable=False),
    # The checkpoint that everything agreed with; empty where something did not.
    Column("size", BigInteger),
    Column("root", LargeBinary(32)),
    # The first contradiction: where, at which entry if at one, and what it is.
    Column("place", Text),
    Column("entry", BigInteger),
    Column("reason", Text),
)
