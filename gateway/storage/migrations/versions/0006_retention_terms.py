"""By which terms a merchant's stored contacts are dated."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_terms",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("after_delivery_days", sa.Integer(), nullable=False),
        sa.Column("latest_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_retention_terms_merchants")
        ),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_retention_terms")),
    )
