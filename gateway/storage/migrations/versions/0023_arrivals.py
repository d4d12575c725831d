"""When buyers' contacts went out before, so that each is counted once in any time."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrival_routes",
        sa.Column("route", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_arrival_routes_merchants")
        ),
        sa.PrimaryKeyConstraint("route", name=op.f("pk_arrival_routes")),
        sa.UniqueConstraint(
            "merchant", "carrier", "actor", name=op.f("uq_arrival_routes_merchant_carrier_actor")
        ),
    )
    op.create_table(
        "arrivals",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("route", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("before_log", sa.Integer(), nullable=False),
        sa.Column("before_day", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["route"], ["arrival_routes.route"], name=op.f("fk_arrivals_arrival_routes")
        ),
        sa.PrimaryKeyConstraint(
            *("log", "route", "day", "before_log", "before_day"), name=op.f("pk_arrivals")
        ),
    )
    op.create_table(
        "arrived",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("log", name=op.f("pk_arrived")),
    )
