"""`gateway serve`: answers requests until it is told to stop."""

import click

from gateway.cli.running import Run, pass_run
from gateway.errors import Unavailable
from gateway.usecases import merchants
from gateway.usecases.actors import SERVICE
from gateway.usecases.backup.replay import replay
from gateway.usecases.rulebook import Rulebook


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
    _follow_the_rules(services.rulebook)
    # The workers open their own.
    services.store.database.engine.dispose()
    service = run.settings.service
    serving.serve(
        run.settings,
        host or service.host,
        port or service.port,
        workers or service.workers,
    )


def _follow_the_rules(rulebook: Rulebook) -> None:
    """Have each log know the rules that decide; say aloud where the installed ones do not.

    Without rules that decide it is served all the same: approving others takes the console.
    """
    try:
        deciding = rulebook.deciding()
    except Unavailable as fault:
        click.echo(f"{fault}", err=True)
        return
    merchants.note_policy(rulebook.store, deciding.version)
    if deciding.version != rulebook.installed.version:
        says = "the installed rules do not decide before two people approved them"
        click.echo(f"{says}: gateway policy publish, then /console/policy", err=True)
