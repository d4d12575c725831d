"""Messages to carriers, and the endpoints they go to."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WAITING = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("place", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("message", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("consignment", sa.String(length=64), nullable=True),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        _carrier("messages"),
        sa.ForeignKeyConstraint(
            ["merchant", "order_number"],
            ["orders.merchant", "orders.order_number"],
            name=op.f("fk_messages_orders"),
        ),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_messages")),
        sa.UniqueConstraint("message", name=op.f("uq_messages_message")),
    )
    op.create_index(
        "ix_messages_due",
        "messages",
        ["due_at"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["merchant", "carrier", "order_number", "place"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        op.f("ix_messages_merchant_fate_place"),
        "messages",
        ["merchant", "fate", "place"],
    )
    op.create_index(op.f("ix_messages_settled_at"), "messages", ["settled_at"])
    op.create_table(
        "endpoints",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("verified", sa.LargeBinary(length=32), nullable=True),
        sa.Column("disabled", sa.LargeBinary(length=32), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _carrier("endpoints"),
        sa.PrimaryKeyConstraint("merchant", "carrier", name=op.f("pk_endpoints")),
    )


def _carrier(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["merchant", "carrier"],
        ["carriers.merchant", "carriers.carrier"],
        name=op.f(f"fk_{table}_carriers"),
    )
