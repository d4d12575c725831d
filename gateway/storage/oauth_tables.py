"""The tables of OAuth: access tokens by their hashes, and what may be shown only once."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from gateway.storage.tables import Instant, metadata

access_tokens = Table(
    "access_tokens",
    metadata,
    # SHA-256 of a random 256-bit token.
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("client", String(32), ForeignKey("clients.client"), nullable=False, index=True),
    # Thumbprint (RFC 7638) of the client's key that the token was asked for with.
    Column("asked_with", String(43), nullable=False),
    # What its holder must prove to have: a DPoP key, the certificate of a TLS connection, or both.
    Column("dpop_key", String(43)),
    Column("certificate", String(43)),
    Column("expires_at", Instant, nullable=False, index=True),
)

used_once = Table(
    "used_once",
    metadata,
    # SHA-256 of a proof's maker and its `jti`: another one of these is a replay.
    Column("proof_hash", LargeBinary(32), primary_key=True),
    # From then on the proof is too old to count anyway.
    Column("ends_at", Instant, nullable=False, index=True),
)
