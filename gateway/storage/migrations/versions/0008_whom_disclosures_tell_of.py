"""Whom the disclosures in the tallies tell of; what was counted without it is counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
contracts = "0008"


def upgrade() -> None:
    op.add_column("tallies", sa.Column("subjects", sa.LargeBinary(), nullable=True))
    op.execute(sa.text("DELETE FROM tallies"))
    op.execute(sa.text("DELETE FROM tallied"))
