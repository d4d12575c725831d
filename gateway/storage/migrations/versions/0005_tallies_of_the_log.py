"""How many entries of each kind the logs hold, and where."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FACTS = (
    *("merchant", "action", "outcome", "purpose", "carrier", "role", "actor"),
    *("reasons", "fields"),
)


def upgrade() -> None:
    op.create_table(
        "kinds",
        sa.Column("kind", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reasons", sa.String(length=400), nullable=False),
        sa.Column("fields", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_kinds_merchants")
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_kinds")),
        sa.UniqueConstraint(*_FACTS, name=op.f(f"uq_kinds_{'_'.join(_FACTS)}")),
    )
    op.create_table(
        "tallies",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["kind"], ["kinds.kind"], name=op.f("fk_tallies_kinds")),
        sa.PrimaryKeyConstraint("log", "block", "kind", "day", name=op.f("pk_tallies")),
    )
    op.create_index(
        op.f("ix_tallies_log_kind_block_day_count"),
        "tallies",
        ["log", "kind", "block", "day", "count"],
    )
    op.create_table(
        "tallied",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log", name=op.f("pk_tallied")),
    )
