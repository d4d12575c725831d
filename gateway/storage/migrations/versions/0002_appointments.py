"""The appointment that a carrier agreed, and the worklists of carriers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WORKLISTS = {
    "open": ("assigned_at", "delivered_at IS NULL AND appointment_starts_at IS NULL"),
    "agreed": (
        "appointment_starts_at",
        "delivered_at IS NULL AND appointment_starts_at IS NOT NULL",
    ),
    "delivered": ("delivered_at", "delivered_at IS NOT NULL"),
}


def upgrade() -> None:
    op.add_column("items", sa.Column("appointment_starts_at", sa.BigInteger(), nullable=True))
    op.add_column("items", sa.Column("appointment_ends_at", sa.BigInteger(), nullable=True))
    for name, (time, condition) in _WORKLISTS.items():
        where = sa.text(f"carrier IS NOT NULL AND {condition}")
        op.create_index(
            f"ix_items_{name}",
            "items",
            ["merchant", "carrier", time, "order_number"],
            if_not_exists=True,
            sqlite_where=where,
            postgresql_where=where,
        )
