"""What is worth a look in the logs, and the searches that people saved."""

import sqlalchemy as sa
from alembic import op

from gateway.storage.tables import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "habits",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("habit", sa.String(length=100), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_habits_merchants")
        ),
        sa.PrimaryKeyConstraint("merchant", "habit", "slot", name=op.f("pk_habits")),
    )
    op.create_table(
        "hints",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Integer(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("reviewed_at", Instant(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=32), nullable=True),
        sa.Column("conclusion", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_hints_merchants")
        ),
        sa.PrimaryKeyConstraint("merchant", "hint", name=op.f("pk_hints")),
    )
    op.create_index(op.f("ix_hints_merchant_seen_at"), "hints", ["merchant", "seen_at"])
    op.create_table(
        "searches",
        sa.Column("search", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.account"], name=op.f("fk_searches_accounts")
        ),
        sa.PrimaryKeyConstraint("search", name=op.f("pk_searches")),
    )
    op.create_index(op.f("ix_searches_account"), "searches", ["account"])
