"""Whom the OpenID Connect provider vouched for when an account was first opened with it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "openid_bindings",
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.account"], name=op.f("fk_openid_bindings_accounts")
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_openid_bindings")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_openid_bindings_issuer_subject")),
    )
