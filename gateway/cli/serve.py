"""`gateway serve`: answers requests until it is told to stop."""

import click

from gateway.cli.running import Run, pass_run
from gateway.usecases import merchants
from gateway.usecases.actors import SERVICE
from gateway.usecases.backup.replay import replay


@click.command(short_help="Answer requests.")
@click.option("--host", help="Address to listen on; without it, service.host.")
@click.option("--port", type=click.IntRange(1, 65535), help="Without it, service.port.")
@click.option("--workers", type=click.IntRange(1, 256), help="Without it, service.workers.")
@pass_run
def serve(run: Run, host: str | None, port: int | None, workers: int | None) -> None:
    """Answer requests, on 127.0.0.1:8080 unless told otherwise; Ctrl-C or SIGTERM ends it cleanly.

    \b
    Examples:
      gateway serve
      gateway serve --port 9090 --workers 4
    """
    # Loaded here alone: every other command starts without the server.
    from gateway import serving  # noqa: PLC0415

    services = run.services
    # A database that came from a backup may hold what is erased: nothing is served before it is not.
    replay(services.store, services.key_care, SERVICE)
    merchants.note_policy(services.store, services.engine.version)
    # The workers open their own.
    services.store.database.engine.dispose()
    service = run.settings.service
    serving.serve(
        run.settings,
        host or service.host,
        port or service.port,
        workers or service.workers,
    )
