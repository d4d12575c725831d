"""What the live connection to a marketplace remembers, and whose turn a recurring task is."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sync_progress",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("reached", sa.BigInteger(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        _merchant("sync_progress"),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_sync_progress")),
    )
    op.create_table(
        "rejected_orders",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        _merchant("rejected_orders"),
        sa.PrimaryKeyConstraint("merchant", "digest", name=op.f("pk_rejected_orders")),
    )
    op.create_table(
        "delivery_types",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("delivery_type", sa.String(length=64), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        _merchant("delivery_types"),
        sa.PrimaryKeyConstraint("merchant", "sku", name=op.f("pk_delivery_types")),
    )
    op.create_table(
        "delivered_shipments",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("shipment", sa.String(length=64), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        _merchant("delivered_shipments"),
        sa.PrimaryKeyConstraint("merchant", "shipment", name=op.f("pk_delivered_shipments")),
    )
    op.create_index(
        op.f("ix_delivered_shipments_merchant_noted_at"),
        "delivered_shipments",
        ["merchant", "noted_at"],
    )
    op.create_table(
        "tasks",
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("task", name=op.f("pk_tasks")),
    )
    op.create_index(
        op.f("ix_orders_merchant_sales_order_id"),
        "orders",
        ["merchant", "sales_order_id"],
        if_not_exists=True,
    )


def _merchant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["merchant"], ["merchants.merchant"], name=op.f(f"fk_{table}_merchants")
    )
