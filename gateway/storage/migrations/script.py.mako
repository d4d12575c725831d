"""${message}."""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None
# Where it takes anything away: the migration whose versions were the first to do without it.
contracts = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
