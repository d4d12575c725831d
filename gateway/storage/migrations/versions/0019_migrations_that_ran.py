"""Which migrations ran, and which versions each leaves able to work."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schema_steps",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("contracts", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_steps")),
    )
