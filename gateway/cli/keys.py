"""`gateway keys`: the keys that wrap contacts, by name; a secret is never shown."""

from typing import Any

import click

from gateway.cli.output import show, table
from gateway.cli.running import Run, json_option, pass_run
from gateway.usecases import keys as usecase
from gateway.usecases.actors import OPERATOR
from gateway.usecases.keys import KeyState


@click.group()
def keys() -> None:
    """The keys that seal contacts."""


@keys.command()
@json_option
@pass_run
def status(run: Run, as_json: bool) -> None:
    """Show every key, how many contacts it wraps, and from when on it may be destroyed."""
    services = run.services
    latest = run.settings.deadlines.erase_latest
    found = usecase.status(services.store, services.keyring, latest)
    head = ("key", "use", "created", "contacts", "over at")
    rows = [
        (one.key.key_id, one.key.use, one.key.created_at, one.contacts, one.over_at)
        for one in found
    ]
    show(as_json, {"keys": [_data(one) for one in found]}, table(head, rows))


@keys.command()
@json_option
@pass_run
def rotate(run: Run, as_json: bool) -> None:
    """Make a new version of today's key; older versions still open what they wrap."""
    services = run.services
    key = usecase.rotate(services.store, services.keyring, OPERATOR)
    show(as_json, {"key": key.key_id}, [f"{key.key_id} wraps new contacts from now on."])


@keys.command("destroy-expired")
@json_option
@pass_run
def destroy_expired(run: Run, as_json: bool) -> None:
    """Destroy the keys of days whose contacts are all gone: old backups of them stay unreadable."""
    services = run.services
    destroyed = usecase.destroy_expired(
        services.store,
        services.keyring,
        OPERATOR,
        run.settings.deadlines.erase_latest,
        run.clock(),
    )
    lines = [f"{key_id} is destroyed." for key_id in destroyed.key_ids]
    lines += [
        f"{key_id} still wraps {count} contacts that are overdue: gateway retention run"
        for key_id, count in destroyed.held.items()
    ]
    data = {"destroyed": list(destroyed.key_ids), "held": dict(destroyed.held)}
    show(as_json, data, lines or ["No key's time is over."])
    if destroyed.held:
        raise click.exceptions.Exit(1)


def _data(state: KeyState) -> dict[str, Any]:
    return {
        "key": state.key.key_id,
        "use": state.key.use,
        "epoch": state.key.epoch,
        "version": state.key.version,
        "created_at": state.key.created_at,
        "contacts": state.contacts,
        "over_at": state.over_at,
    }
