"""Runs the migrations on the connection it is handed; `gateway.storage.schema` is its only caller."""

from alembic import context

from gateway.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    on_version_apply=context.config.attributes["note"],
)
with context.begin_transaction():
    context.run_migrations()
