"""`gateway init`: brings data directory, keys, database and first merchant into being; never undoes."""

from typing import Any

import click
from sqlalchemy import make_url

from gateway.cli.output import facts, show
from gateway.cli.running import Run, json_option, pass_run
from gateway.errors import ConfigurationError
from gateway.storage import roles, schema
from gateway.usecases import merchants, publishing
from gateway.usecases.rulebook import Rulebook
from policies.engine import Engine


@click.command(short_help="Set up data directory, keys and database.")
@click.option(
    "--grant-to",
    "role",
    metavar="ROLE",
    help="PostgreSQL role that the service will work under: it gets what serving needs, and no more.",
)
@json_option
@pass_run
def init(run: Run, role: str | None, as_json: bool) -> None:
    """Set up the data directory, the keys and the database.

    Safe to run again: what is there stays, and a database of an earlier version is brought up to date.

    \b
    Examples:
      gateway init
      GATEWAY_DATA=/srv/gateway gateway init
      GATEWAY_DATABASE=postgresql://owner@/gateway gateway init --grant-to gateway_service
    """
    done = set_up(run)
    if role is not None:
        with run.answering():
            roles.grant(run.services.store.database, role)
    show(as_json, done, facts({name.replace("_", " "): value for name, value in done.items()}))


def set_up(run: Run) -> dict[str, Any]:
    """Do it, and say what is there now."""
    settings = run.settings
    private_directory(run)
    services = run.unchecked_services
    with run.answering():
        schema.upgrade(services.store.database)
    now = run.clock()
    services.timekeeping.leap(now)
    services.keyring.index_key(now)
    services.keyring.log_key(now)
    known = [one.merchant for one in merchants.listing(services.store)]
    if merchants.DEFAULT not in known:
        merchants.create(services.store, merchants.DEFAULT, "Default")
    publishing.adopt(services.rulebook)
    deciding = services.rulebook.in_force()
    if deciding is not None:
        merchants.note_policy(services.store, deciding.version)
    return {
        "data_directory": str(settings.data),
        "database": make_url(settings.database_url).render_as_string(hide_password=True),
        "keyring": str(settings.data / "keyring.json"),
        "merchants": [one.merchant for one in merchants.listing(services.store)],
        "policy": deciding.version if deciding else None,
        **_waiting(services.rulebook, deciding),
    }


def _waiting(rulebook: Rulebook, deciding: Engine | None) -> dict[str, str]:
    """The installed rules, where it is not they that decide."""
    installed = rulebook.installed.version
    if deciding is not None and deciding.version == installed:
        return {}
    return {"policy_waiting": f"{installed}: gateway policy publish"}


def private_directory(run: Run) -> None:
    """Have the data directory there, open to its owner alone; ConfigurationError otherwise."""
    data = run.settings.data
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = data.stat().st_mode & 0o777
    except OSError as fault:
        raise ConfigurationError(f"{data}: {fault.strerror} (GATEWAY_DATA)") from None
    if mode & 0o077:
        raise ConfigurationError(
            f"{data} is open to others (mode {mode:04o}), and the keys would be in it: "
            f"chmod 700 {data}"
        )
