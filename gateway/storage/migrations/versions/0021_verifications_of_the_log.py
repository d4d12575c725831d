"""What came of each verification of the logs."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verifications",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("root", sa.LargeBinary(length=32), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_verifications_merchants")
        ),
        sa.PrimaryKeyConstraint("merchant", "verified_at", "origin", name=op.f("pk_verifications")),
    )
