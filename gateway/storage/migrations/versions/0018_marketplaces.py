"""Which marketplace an order comes from, and how long that lets its contact be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column("marketplace", sa.String(length=64), nullable=False, server_default="otto"),
    )
    op.add_column("orders", sa.Column("bar_days", sa.Integer(), nullable=True))
