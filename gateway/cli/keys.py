"""`gateway keys`: the keys that seal contacts, by name; a secret is never shown."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from tqdm import tqdm

from gateway.cli.nouns import Noun
from gateway.cli.output import show, table
from gateway.cli.running import Run, json_option, pass_run
from gateway.usecases.actors import OPERATOR
from gateway.usecases.keys import status as usecase
from gateway.usecases.keys.rewrap import Progress, Rewrapped
from gateway.usecases.keys.status import KeyState


@click.group(cls=Noun)
def keys() -> None:
    """The keys that seal contacts."""


@keys.command()
@json_option
@pass_run
def status(run: Run, as_json: bool) -> None:
    """Show every key, how many contacts it wraps, and from when on it may be destroyed."""
    services = run.services
    latest = run.settings.deadlines.longest
    found = usecase.status(services.store, services.keyring, latest)
    head = ("key", "use", "created", "current", "contacts", "over at")
    rows = [
        (one.key.key_id, one.key.use, one.key.created_at, one.current, one.contacts, one.over_at)
        for one in found
    ]
    show(as_json, {"keys": [_data(one) for one in found]}, table(head, rows))


@keys.command()
@click.option("--every-day", is_flag=True, help="New versions for each day, not for today alone.")
@click.option(
    "--later", is_flag=True, help="Leave the rewrapping to the service, or to keys rewrap."
)
@json_option
@pass_run
def rotate(run: Run, every_day: bool, later: bool, as_json: bool) -> None:
    """Make new versions of today's key, the index key and those of credentials; rewrap what is under them.

    Imports and releases go on meanwhile. It may be stopped at any time: a running service goes on
    with it, and so does `gateway keys rewrap`. Keys that another provider wrapped move to the one
    that is configured.

    \b
    Examples:
      gateway keys rotate
      gateway keys rotate --every-day
    """
    services = run.services
    rotated = services.key_care.rotate(OPERATOR, every_day=every_day)
    data: dict[str, Any] = {"keys": list(rotated.key_ids), "moved": list(rotated.moved)}
    lines = [f"{key_id} seals from now on." for key_id in rotated.key_ids]
    lines += [f"{key_id} is held by the configured provider." for key_id in rotated.moved]
    if not later:
        with _bar() as progress:
            done = services.rewrap(progress)
        data |= _rewrapped(done)
        lines += _said(done)
    show(as_json, data, lines)


@keys.command()
@json_option
@pass_run
def rewrap(run: Run, as_json: bool) -> None:
    """Bring every contact under the newest keys; goes on where an earlier run was stopped."""
    with _bar() as progress:
        done = run.services.rewrap(progress)
    show(as_json, _rewrapped(done), _said(done))


@keys.command()
@click.argument("key_id")
@json_option
@pass_run
def revoke(run: Run, key_id: str, as_json: bool) -> None:
    """Destroy one version that may be in wrong hands, once every contact is under another.

    No contact is lost here. Backups from before this no longer open what was under the key: make a
    new one.

    \b
    Examples:
      gateway keys revoke contact-2026-11-23-1
    """
    with _bar() as progress:
        revoked = run.services.key_care.revoke(OPERATOR, key_id, time.sleep, progress)
    data = {
        "key": revoked.key_id,
        "replaced_by": revoked.replaced_by,
        "contacts": revoked.contacts,
    }
    lines = [
        f"{revoked.contacts} contacts rewrapped; {key_id} is destroyed.",
        f"{revoked.replaced_by} has taken its place. Backups from before are of no use for them.",
    ]
    show(as_json, data, lines)


@keys.command("destroy-expired")
@json_option
@pass_run
def destroy_expired(run: Run, as_json: bool) -> None:
    """Destroy the keys of days whose contacts must all be gone: old backups of them stay unreadable."""
    latest = run.settings.deadlines.longest
    run.services.timekeeping.require(run.clock())
    destroyed = run.services.key_care.destroy_expired(OPERATOR, latest, run.clock())
    lines = [f"{key_id} is destroyed." for key_id in destroyed.key_ids]
    lines += [
        f"{key_id} still wraps {count} contacts whose time is not over"
        for key_id, count in destroyed.held.items()
    ]
    data = {"destroyed": list(destroyed.key_ids), "held": dict(destroyed.held)}
    show(as_json, data, lines or ["No key's time is over."])
    if destroyed.held:
        raise click.exceptions.Exit(1)


@contextmanager
def _bar() -> Iterator[Progress]:
    """A bar with rate and time left on a terminal; nothing in a pipe."""
    with tqdm(unit=" contacts", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
        yield _moving(bar)


def _moving(bar: "tqdm[Any]") -> Callable[[int, int], bool]:
    def progress(done: int, total: int) -> bool:
        bar.total = total
        bar.update(done - bar.n)
        return True

    return progress


def _rewrapped(done: Rewrapped) -> dict[str, int]:
    return {
        "contacts": done.contacts,
        "digests": done.digests,
        "unreadable": done.unreadable,
        "secrets": done.secrets,
    }


def _said(done: Rewrapped) -> list[str]:
    said = [f"{done.contacts} contacts and {done.digests} digests are under the newest keys."]
    if done.secrets:
        said.append(f"{done.secrets} credentials and authenticators are so, too.")
    if done.unreadable:
        said.append(f"{done.unreadable} open with no key that there is, and stay as they were.")
    return said


def _data(state: KeyState) -> dict[str, Any]:
    return {
        "key": state.key.key_id,
        "use": state.key.use,
        "epoch": state.key.epoch,
        "version": state.key.version,
        "created_at": state.key.created_at,
        "current": state.current,
        "contacts": state.contacts,
        "over_at": state.over_at,
    }
