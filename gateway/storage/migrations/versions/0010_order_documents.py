"""Where carriers take their own order documents, and how many at once."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("carriers", sa.Column("order_profile", sa.String(length=64), nullable=True))
    op.add_column("carriers", sa.Column("order_endpoint", sa.Text(), nullable=True))
    op.create_table(
        "quotas",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("recent", sa.JSON(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("in_day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "carrier"],
            ["carriers.merchant", "carriers.carrier"],
            name=op.f("fk_quotas_carriers"),
        ),
        sa.PrimaryKeyConstraint("merchant", "carrier", name=op.f("pk_quotas")),
    )
