"""The reasons of entries by their place in the log, so that entries can be checked and deleted."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_entry_reasons_log_index"), "entry_reasons", ["log", "index"], if_not_exists=True
    )
