"""Makes a backup while the gateway serves; it must never leave half of one, or one for a single holder."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import ConfigurationError, Conflict, Unavailable
from gateway.model.times import rfc3339
from gateway.storage import dump
from gateway.storage.dump_stream import Lines
from gateway.storage.gate import locked
from gateway.storage.store import Transaction
from gateway.usecases.backup import apart, erased
from gateway.usecases.merchants import DEFAULT
from gateway.usecases.services import Services
from gateway.vault import age_files
from gateway.vault.keyfile import sync_directory

KEYRING = "keyring.age"
"""There is one, always the newest: it opens every backup of the database whose days are not over."""

_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The two files, and the rows in the database's."""

    database: Path
    keyring: Path
    rows: int


def create(services: Services, asker: Actor, database: Path, keyring: Path) -> Created:
    """A backup in these two directories, made while the gateway serves.

    ConfigurationError without recipients of its own for each; Conflict while another is being made.
    """
    # 1. Two recipients, so that no one identity opens both.
    wanted = services.settings.backup
    if not wanted.recipients or not wanted.keyring_recipients:
        raise ConfigurationError(
            "backup.recipients, backup.keyring_recipients: each needs a recipient of its own; "
            "gateway backup key FILE makes an identity and prints its recipient"
        )
    now = services.store.clock()
    named = database / f"database-{now:%Y%m%dT%H%M%SZ}.age"
    with (
        _alone(database),
        _alone(keyring) if keyring != database else nullcontext(),
        _unfinished(named) as whole,
        _unfinished(keyring / KEYRING) as keys,
    ):
        if named.exists():
            raise Conflict(f"{named} is there already: a backup never takes another's place")
        # 2. On record before it is made: the backup holds the whole log, its own entry too.
        _record(services, asker)
        # 3. The database first: a key that is made meanwhile is in the keyring all the more.
        rows = _write_database(services, whole)
        latest = services.settings.deadlines.longest
        erased.complete(services.store, services.keyring, latest)
        bundle = apart.collect(services.settings, services.store)
        age_files.encrypt(BytesIO(bundle.encoded()), keys, wanted.keyring_recipients)
        # 4. Both are whole: into their places, first the keyring, which fits older backups as well.
        keys.replace(keyring / KEYRING)
        sync_directory(keyring)
        whole.replace(named)
        sync_directory(database)
    return Created(database=named, keyring=keyring / KEYRING, rows=rows)


def _write_database(services: Services, target: Path) -> int:
    """Compressed and encrypted on the way: no part of it is ever on the disk in the clear."""
    with services.store.read() as connection:
        facts = {"created_at": rfc3339(services.store.clock())}
        lines = Lines(dump.lines(connection, facts))
        try:
            age_files.encrypt(lines.stream(), target, services.settings.backup.recipients)
        except Exception as fault:
            raise lines.fault or fault from fault
    return lines.rows


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One backup at a time goes into a directory."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(directory / ".lock") as free:
            if not free:
                raise Conflict(f"another backup is being made in {directory}")
            yield
    except OSError as fault:
        raise Unavailable(
            "backup", f"{directory} cannot be written, and holds no new backup: {fault.strerror}"
        ) from fault


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """Where the file is written before it is whole; what a crash left there is written over."""
    partial = path.with_name("." + path.name.partition("-")[0] + _PARTIAL)
    try:
        yield partial
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def _record(services: Services, asker: Actor) -> None:
    def work(tx: Transaction) -> None:
        tx.record(asker, Action.BACKUP_CREATED, Outcome.DONE)

    services.store.write(DEFAULT, work)
