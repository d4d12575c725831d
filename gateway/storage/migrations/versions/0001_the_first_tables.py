"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "liveness",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_liveness")),
    )
    op.create_table(
        "merchants",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("policy", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("merchant", name=op.f("pk_merchants")),
    )
    op.create_table(
        "carriers",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("otto_codes", sa.JSON(), nullable=False),
        sa.Column("modes", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_carriers_merchants")
        ),
        sa.PrimaryKeyConstraint("merchant", "carrier", name=op.f("pk_carriers")),
    )
    op.create_table(
        "logs",
        sa.Column("log", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("integrated", sa.BigInteger(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_logs_merchants")
        ),
        sa.PrimaryKeyConstraint("log", name=op.f("pk_logs")),
        sa.UniqueConstraint("origin", name=op.f("uq_logs_origin")),
    )
    with op.batch_alter_table("logs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logs_merchant_log"), ["merchant", "log"], unique=False)

    op.create_table(
        "orders",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("sales_order_id", sa.String(length=64), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(length=3), nullable=True),
        sa.Column("postcode_area", sa.String(length=16), nullable=True),
        sa.Column("email_kind", sa.String(length=16), nullable=True),
        sa.Column("phone_present", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=16), nullable=True),
        sa.Column("subject", sa.String(length=32), nullable=True),
        sa.Column("subject_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("latest_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_orders_merchants")
        ),
        sa.PrimaryKeyConstraint("merchant", "order_number", name=op.f("pk_orders")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_orders_merchant_subject"), ["merchant", "subject"], unique=True
        )

    op.create_table(
        "checkpoints",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.log"], name=op.f("fk_checkpoints_logs")),
        sa.PrimaryKeyConstraint("log", "size", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "clients",
        sa.Column("client", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant", "carrier"],
            ["carriers.merchant", "carriers.carrier"],
            name=op.f("fk_clients_carriers"),
        ),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.merchant"], name=op.f("fk_clients_merchants")
        ),
        sa.PrimaryKeyConstraint("client", name=op.f("pk_clients")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_clients_token_hash")),
    )
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_clients_merchant_created_at"), ["merchant", "created_at"], unique=False
        )

    op.create_table(
        "contact_digests",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "order_number"],
            ["orders.merchant", "orders.order_number"],
            name=op.f("fk_contact_digests_orders"),
        ),
        sa.PrimaryKeyConstraint(
            "merchant", "digest", "order_number", name=op.f("pk_contact_digests")
        ),
    )
    with op.batch_alter_table("contact_digests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contact_digests_merchant_order_number"),
            ["merchant", "order_number"],
            unique=False,
        )

    op.create_table(
        "contacts",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("contact", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("delete_by", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant", "order_number"],
            ["orders.merchant", "orders.order_number"],
            name=op.f("fk_contacts_orders"),
        ),
        sa.PrimaryKeyConstraint("merchant", "order_number", "kind", name=op.f("pk_contacts")),
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contacts_delete_by"), ["delete_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_contacts_key_id"), ["key_id"], unique=False)

    op.create_table(
        "entries",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=True),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=64), nullable=True),
        sa.Column("subject", sa.String(length=32), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.log"], name=op.f("fk_entries_logs")),
        sa.PrimaryKeyConstraint("log", "index", name=op.f("pk_entries")),
        sa.UniqueConstraint("id", name=op.f("uq_entries_id")),
    )
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_entries_merchant_action_log_index"),
            ["merchant", "action", "log", "index"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_entries_merchant_log_index"), ["merchant", "log", "index"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_entries_merchant_subject_log_index"),
            ["merchant", "subject", "log", "index"],
            unique=False,
        )

    op.create_table(
        "items",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("order_number", sa.String(length=32), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("tracking_carrier", sa.String(length=64), nullable=True),
        sa.Column("carrier", sa.String(length=64), nullable=True),
        sa.Column("consignment", sa.String(length=64), nullable=True),
        sa.Column("assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant", "order_number"],
            ["orders.merchant", "orders.order_number"],
            name=op.f("fk_items_orders"),
        ),
        sa.PrimaryKeyConstraint("merchant", "order_number", "item", name=op.f("pk_items")),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_items_merchant_carrier_consignment"),
            ["merchant", "carrier", "consignment"],
            unique=False,
        )

    op.create_table(
        "tiles",
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["log"], ["logs.log"], name=op.f("fk_tiles_logs")),
        sa.PrimaryKeyConstraint("log", "level", "index", name=op.f("pk_tiles")),
    )
    op.create_table(
        "answers",
        sa.Column("client", sa.String(length=32), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["clients.client"], name=op.f("fk_answers_clients")),
        sa.PrimaryKeyConstraint("client", "idempotency_key", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_created_at"), ["created_at"], unique=False)

    op.create_table(
        "entry_reasons",
        sa.Column("merchant", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log", "index"],
            ["entries.log", "entries.index"],
            name=op.f("fk_entry_reasons_entries"),
        ),
        sa.PrimaryKeyConstraint(
            "merchant", "reason", "log", "index", name=op.f("pk_entry_reasons")
        ),
    )
