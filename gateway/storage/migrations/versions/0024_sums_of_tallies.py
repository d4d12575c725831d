"""Tallies summed up over many blocks."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tally_sums",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("span", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["kind"], ["kinds.kind"], name=op.f("fk_tally_sums_kinds")),
        sa.PrimaryKeyConstraint("log", "span", "kind", name=op.f("pk_tally_sums")),
    )
