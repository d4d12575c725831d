"""Clients with keys of their own, the access tokens they ask for, and carriers that take no other."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("jwks", sa.JSON(), nullable=True))
    op.add_column(
        "carriers",
        sa.Column("bound_tokens", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "access_tokens",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("client", sa.String(length=32), nullable=False),
        sa.Column("asked_with", sa.String(length=43), nullable=False),
        sa.Column("dpop_key", sa.String(length=43), nullable=True),
        sa.Column("certificate", sa.String(length=43), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client"], ["clients.client"], name=op.f("fk_access_tokens_clients")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_tokens")),
    )
    op.create_index(op.f("ix_access_tokens_client"), "access_tokens", ["client"])
    op.create_index(op.f("ix_access_tokens_expires_at"), "access_tokens", ["expires_at"])
    op.create_table(
        "used_once",
        sa.Column("proof_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("proof_hash", name=op.f("pk_used_once")),
    )
    op.create_index(op.f("ix_used_once_ends_at"), "used_once", ["ends_at"])
