"""The doctor's looks at what stands outside: clock, files, log, backups, OTTO, endpoints.

A look may ask OTTO; it must never change anything, nor show a secret.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from gateway.audit.entry import Action
from gateway.cli.finding import Finding, Health
from gateway.cli.running import Run
from gateway.errors import GatewayError
from gateway.model.carrier import Carrier
from gateway.settings import Settings
from gateway.storage import endpoints, entries, verifications
from gateway.storage import logs as logs_of
from gateway.storage.endpoints import Endpoint
from gateway.storage.tables import logs
from gateway.storage.verifications import Result
from gateway.usecases import merchants, register
from gateway.usecases.incoming import connections
from gateway.usecases.log.sequence import refusing
from gateway.vault.credentials import beside

_SKEW = timedelta(seconds=30)
"""Between two clocks: beyond it, times on record contradict each other."""

_BACKUP_AGE = timedelta(days=2)
"""A backup that is made each night, and once was not."""
_BACK_UP = "gateway backup create DIRECTORY --keyring DIRECTORY, each night"


def clock(run: Run) -> Iterator[Finding]:
    """Whether it has jumped, runs behind the log, or differs from the database's."""
    store, now = run.services.store, run.clock()
    part, fix = "clock", "set the clock: timedatectl set-ntp true"
    quiet = True
    ahead = run.services.timekeeping.ahead(now)
    if ahead is not None:
        quiet = False
        says = f"{ahead.days} days ahead of when it was last seen: until it is right, nothing is erased"
        sure = f"{fix}; where it is right: gateway retention run --clock-is-right"
        yield Finding(part, Health.BROKEN, says, sure)
    with store.read() as connection:
        newest = connection.execute(select(func.max(logs.c.last_time))).scalar()
        said = None
        if not store.database.is_sqlite:
            said = connection.execute(select(func.clock_timestamp())).scalar_one()
    last: datetime | None = newest
    if last is not None and last > now + _SKEW:
        quiet = False
        says = f"the log's last entry is of {last:%Y-%m-%d %H:%M} UTC, which the clock has yet to reach"
        yield Finding(part, Health.BROKEN, says, fix)
    if said is not None and abs(said - now) > _SKEW:
        quiet = False
        says = (
            f"the database server's clock differs by {abs(said - now).total_seconds():.0f} seconds"
        )
        yield Finding(part, Health.BROKEN, says, f"{fix}, on both machines")
    if quiet:
        yield Finding(
            part, Health.OK, f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, not behind the log"
        )


def files(run: Run) -> Iterator[Finding]:
    """Whether anybody else may read what is kept beside the database."""
    keys = run.settings.keys
    wanted = [keys.root, keys.keyring, beside(keys.keyring), run.settings.backup.tombstones]
    if run.services.store.database.is_sqlite:
        wanted += sorted(run.settings.data.glob("gateway.db*"))
    open_ones = [path for path in wanted if _is_open(path, 0o077)]
    for path in open_ones:
        says = f"{path} is open to others"
        yield Finding("permissions", Health.BROKEN, says, f"chmod 600 {path}")
    # Others write these, and a group may be how the gateway comes to read them.
    handed = [path for path in _handed(run.settings) if _is_open(path, 0o007)]
    for path in handed:
        says = f"{path} can be read by everybody"
        yield Finding("permissions", Health.BROKEN, says, f"chmod o= {path}")
    if not open_ones and not handed:
        yield Finding(
            "permissions", Health.OK, "keys, credentials and database are their owner's alone"
        )


def _handed(settings: Settings) -> Iterator[Path]:
    """Files of secrets that the settings name, where they are there."""
    named = [
        *(settings.openbao.token_file, settings.pkcs11.pin_file, settings.siem.token_file),
        *(settings.mail.password_file, settings.openid.client_secret_file),
    ]
    return (path for path in named if path is not None and path.is_file())


def _is_open(path: Path, to: int) -> bool:
    try:
        return bool(path.stat().st_mode & to)
    except FileNotFoundError:
        return False


def log(run: Run) -> Iterator[Finding]:
    """Whether each log's end is what its last checkpoint and the held one say."""
    refused = refusing(run.services.store)
    for why in refused:
        yield Finding("log", Health.BROKEN, why)
    if not refused:
        yield Finding("log", Health.OK, "every log ends as its last checkpoint says")


def verified(run: Run) -> Iterator[Finding]:
    """What the last verification of every entry found, merchant by merchant."""
    store, quiet = run.services.store, True
    for one in merchants.listing(store):
        with store.read() as connection:
            found = verifications.latest(connection, one.merchant)
            is_written = logs_of.one(connection, one.merchant, None) is not None
        if not found and is_written:
            quiet = False
            says = f"the log of {one.merchant} was never verified"
            fix = f"gateway audit verify --merchant {one.merchant}"
            yield Finding("verification", Health.NOTE, says, fix)
        for log in found:
            if log.outcome is Result.FAILED:
                quiet = False
                says = f"{log.origin} did not hold on {log.verified_at:%Y-%m-%d %H:%M} UTC: {log.reason}"
                fix = f"gateway audit verify --merchant {one.merchant}"
                yield Finding("verification", Health.BROKEN, says, fix)
    if quiet:
        yield Finding("verification", Health.OK, "each log held when it was last verified")


def outside(run: Run) -> Iterator[Finding]:
    """Whether anybody beside the operator has checkpoints, so that a log set back whole is found."""
    part, quiet = "witnesses", True
    held = run.settings.holding
    if not run.settings.witnessing.known:
        quiet = False
        says = "none is configured: nobody outside vouches that the log was never rewritten"
        yield Finding(
            part, Health.NOTE, says, "name one in [witnesses]; gateway audit witness --now"
        )
    if not (held.directory or held.webhook or held.mailbox):
        quiet = False
        says = "no holder is configured: no checkpoint is out of the operator's reach"
        yield Finding(part, Health.NOTE, says, "set directory, webhook or mailbox in [holders]")
    if quiet:
        yield Finding(
            part, Health.OK, "witnesses and holders are configured: gateway audit witness"
        )


def backups(run: Run) -> Iterator[Finding]:
    """Whether a backup was made lately, as the log tells."""
    part, now = "backup", run.clock()
    wanted = run.settings.backup
    if not wanted.recipients or not wanted.keyring_recipients:
        fix = "gateway backup key FILE, once for each; then [backup] in the settings"
        yield Finding(part, Health.NOTE, "none can be made: it has no two recipients yet", fix)
        return
    with run.services.store.read() as connection:
        made = entries.last_time(connection, merchants.DEFAULT, Action.BACKUP_CREATED)
    if made is None:
        yield Finding(part, Health.NOTE, "none was ever made", _BACK_UP)
    elif now - made > _BACKUP_AGE:
        says = f"the last one is of {made:%Y-%m-%d %H:%M} UTC: what came since would be lost"
        yield Finding(part, Health.NOTE, says, _BACK_UP)
    else:
        yield Finding(part, Health.OK, f"the last one is of {made:%Y-%m-%d %H:%M} UTC")


def otto(run: Run) -> Iterator[Finding]:
    """Whether OTTO answers each merchant with credentials, and allows what the sync needs."""
    connected = connections.connections(run.services)
    known = connected.merchants()
    if not known:
        fix = "gateway orders sync --set-credentials FILE, where orders are to come by themselves"
        yield Finding("OTTO", Health.OK, f"no merchant has credentials; {fix}")
    for merchant in known:
        try:
            missing = connected.client(merchant).missing_scopes()
        except GatewayError as fault:
            fix = (
                "is the network there, and are the credentials still those of OTTO Partner Connect?"
            )
            yield Finding("OTTO", Health.BROKEN, f"{merchant}: {fault}", fix)
            continue
        if missing:
            says = f"{merchant}: the credentials do not allow {', '.join(sorted(missing))}"
            fix = "grant it in OTTO Partner Connect under API-Zugriff"
            yield Finding("OTTO", Health.BROKEN, says, fix)
        else:
            yield Finding("OTTO", Health.OK, f"{merchant}: answers, and allows what is needed")


def carrier_endpoints(run: Run) -> Iterator[Finding]:
    """Endpoints that messages do not get through to."""
    store, now = run.services.store, run.clock()
    count, quiet = 0, True
    for one in merchants.listing(store):
        for carrier in register.listing(store, one.merchant):
            if carrier.endpoint is None or carrier.withdrawn_at is not None:
                continue
            count += 1
            with store.read() as connection:
                known = endpoints.one(connection, one.merchant, carrier.carrier_id)
            if (finding := _endpoint(carrier, known, now)) is not None:
                quiet = False
                yield finding
    if quiet:
        yield Finding("endpoints", Health.OK, f"{count} registered, none that refuses or fails")


def _endpoint(carrier: Carrier, known: Endpoint, now: datetime) -> Finding | None:
    name = carrier.carrier_id
    waiting = f"what became of it: gateway handover outbox --carrier {name}"
    if known.disabled is not None:
        says = f"{name} answered that it wants nothing any more"
        fix = f"ask the carrier, correct carriers.toml; {waiting}"
        return Finding("endpoints", Health.NOTE, says, fix)
    if known.paused_until is not None and known.paused_until > now:
        says = f"{name} failed {known.failures} times, and is left in peace for a while"
        return Finding("endpoints", Health.NOTE, says, waiting)
    return None
