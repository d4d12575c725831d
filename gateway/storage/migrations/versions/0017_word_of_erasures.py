"""Messages that tell a carrier of an erasure, beside those that bring a contact."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "messages",
        sa.Column("topic", sa.String(length=16), nullable=False, server_default="contact"),
    )
