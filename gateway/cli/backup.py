"""`gateway backup`: encrypted copies of database and keyring, apart, and the way back from them."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gateway.audit.verdict import LogFault
from gateway.cli.init import private_directory
from gateway.cli.nouns import Noun
from gateway.cli.output import show
from gateway.cli.running import Run, json_option, pass_run
from gateway.usecases.actors import OPERATOR
from gateway.usecases.backup import making, restoring
from gateway.usecases.backup.checking import Checked, check
from gateway.usecases.backup.replay import Replayed
from gateway.usecases.backup.restoring import Restored
from gateway.vault import age_files

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)

_identities = click.option(
    "--identity",
    "identities",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="FILE",
    help="What opens it; once for the database, once for the keyring.",
)


@click.group(cls=Noun)
def backup() -> None:
    """Encrypted backups of database and keyring, apart."""


@backup.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def key(file: Path, as_json: bool) -> None:
    """Make an age identity in FILE, and print the recipient that the settings take.

    Keep the identity off this machine: here, the recipient is enough.

    \b
    Example:
      gateway backup key database.key
    """
    recipient = age_files.make_identity(file)
    show(as_json, {"identity": str(file), "recipient": recipient}, [recipient])


@backup.command()
@click.argument("directory", type=_DIRECTORY)
@click.option(
    "--keyring",
    type=_DIRECTORY,
    metavar="DIRECTORY",
    help="Where the keyring's goes; without it, into the same one.",
)
@json_option
@pass_run
def create(run: Run, directory: Path, keyring: Path | None, as_json: bool) -> None:
    """Make a backup of the database, and renew that of the keyring; the service goes on meanwhile.

    The database gets a file of its own each time. Of the keyring only the newest is kept, and only
    the newest is to be kept: an older copy still holds keys that were destroyed since.

    \b
    Example:
      gateway backup create /mnt/databases --keyring /mnt/keyrings
    """
    done = making.create(run.services, OPERATOR, directory, keyring or directory)
    data = {"database": str(done.database), "keyring": str(done.keyring), "rows": done.rows}
    lines = [f"database  {done.database}, {done.rows} rows", f"keyring   {done.keyring}"]
    show(as_json, data, lines)


@backup.command()
@click.argument("database", type=_FILE)
@click.option("--keyring", type=_FILE, metavar="FILE", help="The backup of the keyring.")
@_identities
@json_option
@pass_run
def verify(
    run: Run, database: Path, keyring: Path | None, identities: tuple[Path, ...], as_json: bool
) -> None:
    """Open a backup, read all of it, verify its logs, and look for the keys that it needs.

    Nothing here is changed. Without --keyring the keys are looked for in this gateway's keyring.

    \b
    Example:
      gateway backup verify database-20261123T214512Z.age --identity database.key
    """
    done = check(run.services, database, keyring, identities)
    show(as_json, _checked_data(done), _checked_lines(done))
    if _faults(done) or done.unreadable:
        raise click.exceptions.Exit(1)


@backup.command()
@click.argument("database", type=_FILE, required=False)
@click.option("--keyring", type=_FILE, metavar="FILE", help="The backup of the keyring.")
@_identities
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Also where the log is shorter than its held checkpoint; what is lost is put on record.",
)
@json_option
@pass_run
def restore(
    run: Run,
    database: Path | None,
    keyring: Path | None,
    identities: tuple[Path, ...],
    accept_loss: bool,
    as_json: bool,
) -> None:
    """Bring back a database where there is none, and the keyring where --keyring is given.

    What was erased since is erased again, and what is due by now. Stop the service before; it may be
    interrupted, and run again. Without DATABASE a keyring that was lost comes back beside its database.

    \b
    Examples:
      gateway backup restore database-20261123T214512Z.age --keyring keyring.age \\
          --identity database.key --identity keyring.key
      gateway backup restore --keyring keyring.age --identity keyring.key
    """
    if database is None:
        _restore_keyring(run, keyring, identities, as_json)
        return
    private_directory(run)
    done = restoring.restore(
        run.unchecked_services, OPERATOR, database, keyring, identities, accept_loss=accept_loss
    )
    show(as_json, _restored_data(done), _restored_lines(done))


def _restore_keyring(
    run: Run, keyring: Path | None, identities: tuple[Path, ...], as_json: bool
) -> None:
    if keyring is None:
        raise click.UsageError("name the backup of the database, or --keyring, or both")
    again = restoring.restore_keyring(run.services, OPERATOR, keyring, identities)
    show(as_json, {"erased_again": asdict(again)}, ["The keyring is back.", _again(again)])


def _faults(done: Checked) -> dict[str, str]:
    return {
        one.origin: one.outcome.reason for one in done.verdicts if isinstance(one.outcome, LogFault)
    }


def _checked_data(done: Checked) -> dict[str, Any]:
    return {
        "rows": done.rows,
        "logs": [one.origin for one in done.verdicts],
        "faults": _faults(done),
        "unreadable": dict(done.unreadable),
        "destroyed": dict(done.destroyed),
    }


def _checked_lines(done: Checked) -> Iterator[str]:
    yield f"It opens and is whole: {done.rows} rows."
    faults = _faults(done)
    for one in done.verdicts:
        yield f"log {one.origin}: {faults.get(one.origin, 'holds')}"
    for key_id, count in done.destroyed.items():
        yield f"{count} contacts were under {key_id}, which is destroyed: nobody reads them any more."
    for key_id, count in done.unreadable.items():
        yield f"{count} contacts are under {key_id}, which no keyring here holds."


def _restored_data(done: Restored) -> dict[str, Any]:
    return {
        "rows": done.rows,
        "erased_again": asdict(done.replayed),
        "expired": done.expired,
        "logs_set_back": {loss.held.origin: loss.held.size - loss.size for loss in done.losses},
    }


def _restored_lines(done: Restored) -> Iterator[str]:
    yield f"{done.rows} rows are back."
    yield _again(done.replayed)
    yield f"The time of {done.expired} more contacts was over."
    for loss in done.losses:
        yield (
            f"The log {loss.held.origin} lost {loss.held.size - loss.size} entries; it is closed, "
            "and the log after it says so."
        )


def _again(done: Replayed) -> str:
    return f"Erased again: {done.subjects} subjects, {done.contacts} contacts, {done.keys} keys."
