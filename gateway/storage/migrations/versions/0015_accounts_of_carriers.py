"""Whose deliveries a carrier's account sees."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("carrier", sa.String(length=64), nullable=True))
