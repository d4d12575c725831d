"""Erasures that one person asked for and another is to confirm."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_requests",
        sa.Column("request", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.account"], name=op.f("fk_erasure_requests_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["merchant", "order_number"],
            ["orders.merchant", "orders.order_number"],
            name=op.f("fk_erasure_requests_orders"),
        ),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_erasure_requests")),
        sa.UniqueConstraint(
            "merchant", "order_number", name=op.f("uq_erasure_requests_merchant_order_number")
        ),
    )
