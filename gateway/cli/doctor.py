"""`gateway doctor`: looks at everything the gateway stands on, and says how to mend what does not hold."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import click

from gateway.cli import keylooks, looks
from gateway.cli.finding import Finding, Health
from gateway.cli.output import show
from gateway.cli.running import Run, json_option, pass_run
from gateway.errors import GatewayError, Unavailable
from gateway.model.times import rfc3339
from gateway.storage import erasure, schema, server
from gateway.usecases import merchants, publishing, register
from gateway.usecases.carrier_file import last_day
from policies.question import Registration

_SOON = timedelta(days=30)


Look = Callable[[Run], Iterator[Finding]]


@click.command(short_help="Check everything, say how to mend it.")
@json_option
@pass_run
def doctor(run: Run, as_json: bool) -> None:
    """Check everything that the gateway stands on.

    Settings, permissions, clock, keys and their provider, database, log, policy, deletions,
    registrations, witnesses, backups, carriers' endpoints, and OTTO, which is asked what it allows.

    Exit status 1 where something does not hold; each such line says how to mend it.
    """
    findings = list(examine(run))
    data = [
        {"part": one.part, "health": one.health, "says": one.says, "fix": one.fix}
        for one in findings
    ]
    show(as_json, {"findings": data}, map(_line, findings))
    if any(one.health is Health.BROKEN for one in findings):
        raise click.exceptions.Exit(1)


def examine(run: Run) -> Iterator[Finding]:
    """Every finding; what stands on a part that is broken is not looked at."""
    for part, look in _LOOKS.items():
        try:
            found = list(look(run))
        except GatewayError as fault:
            found = [_fault(part, fault)]
        yield from found
        if part in _FOUNDATIONS and any(one.health is Health.BROKEN for one in found):
            return


def _fault(part: str, fault: GatewayError) -> Finding:
    """What kept a look from its end; that the keys cannot be had is a fault of theirs alone."""
    if isinstance(fault, Unavailable) and fault.part in {"keys", "keyring"} and part != "keys":
        says = "cannot be looked at without the keys"
        return Finding(part, Health.NOTE, says, "mend what is broken about the keys first")
    return Finding(part, Health.BROKEN, str(fault))


def _settings(run: Run) -> Iterator[Finding]:
    yield Finding("settings", Health.OK, f"read; the data directory is {run.settings.data}")
    host = run.settings.service.host
    if host not in {"127.0.0.1", "::1", "localhost"}:
        says = f"the service listens on {host}, beyond this machine"
        yield Finding(
            "settings", Health.NOTE, says, 'put a TLS proxy in front, or service.host = "127.0.0.1"'
        )
    if run.settings.unsafe_allow_loopback:
        says = "carriers' endpoints may be on this very machine, which is for trials only"
        fix = "handover.unsafe_allow_loopback = false"
        yield Finding("settings", Health.NOTE, says, fix)


def _directory(run: Run) -> Iterator[Finding]:
    data = run.settings.data
    if not data.is_dir():
        yield Finding("data directory", Health.BROKEN, f"{data} does not exist", "gateway init")
        return
    mode = data.stat().st_mode & 0o777
    if mode & 0o077:
        says = f"{data} is open to others (mode {mode:04o})"
        yield Finding("data directory", Health.BROKEN, says, f"chmod 700 {data}")
    else:
        yield Finding("data directory", Health.OK, "readable by its owner alone")


def _policy(run: Run) -> Iterator[Finding]:
    version = run.unchecked_services.rulebook.installed.version
    yield Finding("policy", Health.OK, f"{version} installed, proved on every possible question")


def _approval(run: Run) -> Iterator[Finding]:
    rulebook = run.services.rulebook
    deciding, proposal = rulebook.deciding(), publishing.waiting(rulebook)
    if proposal is not None:
        says = f"{proposal.version} waits for a second person until {rfc3339(proposal.ends_at)}"
        yield Finding("rules", Health.NOTE, says, "approve or refuse it on /console/policy")
    elif deciding.version != rulebook.installed.version:
        says = f"{deciding.version} decides: the installed rules are not approved"
        yield Finding("rules", Health.NOTE, says, "gateway policy publish")
    else:
        yield Finding("rules", Health.OK, "the installed rules are the approved ones")


def _keys(run: Run) -> Iterator[Finding]:
    held = run.unchecked_services.keyring.all()
    yield Finding("keys", Health.OK, f"{len(held)} in the keyring, readable by its owner alone")


def _database(run: Run) -> Iterator[Finding]:
    database = run.unchecked_services.store.database
    with run.answering():
        fits, at_head = schema.fits(database), schema.at_head(database)
    if fits:
        yield Finding("database", Health.OK, "answers, and is on this version's tables")
        if not at_head:
            says = "a later version has migrated it, and left this one all it needs"
            yield Finding("database", Health.NOTE, says, "finish the upgrade; backups wait for it")
        yield from _server(run)
    else:
        yield Finding("database", Health.BROKEN, "not on this version's tables", "gateway init")


def _server(run: Run) -> Iterator[Finding]:
    service = run.settings.service
    store = run.unchecked_services.store
    most = (service.workers + 1) * store.database.pool_size
    with run.answering():
        for one in server.weaknesses(store.database, most):
            health = Health.BROKEN if one.is_fault else Health.NOTE
            yield Finding("database", health, one.says, one.fix)


def _deletion(run: Run) -> Iterator[Finding]:
    with run.services.store.read() as connection:
        late = erasure.overdue(connection, run.clock())
    if late:
        says = f"{late} contacts should be gone already"
        yield Finding("deletion", Health.BROKEN, says, "gateway retention run")
    else:
        yield Finding("deletion", Health.OK, "no contact is overdue")


def _registrations(run: Run) -> Iterator[Finding]:
    store, now = run.services.store, run.clock()
    quiet = True
    for merchant in merchants.listing(store):
        for carrier in register.listing(store, merchant.merchant):
            state = carrier.registration(now)
            lapses = state is Registration.CURRENT and carrier.valid_until <= now + _SOON
            if state is Registration.LAPSED or lapses:
                quiet = False
                verb = "lapses soon" if lapses else "is not current"
                says = (
                    f"{carrier.carrier_id} of {merchant.merchant} {verb}: "
                    f"registered from {carrier.valid_from.date()} to {last_day(carrier)}"
                )
                fix = "correct the dates in carriers.toml, then gateway carriers apply"
                yield Finding("registrations", Health.NOTE, says, fix)
    if quiet:
        yield Finding("registrations", Health.OK, "none lapsed, none about to")


_LOOKS: dict[str, Look] = {
    "settings": _settings,
    "data directory": _directory,
    "policy": _policy,
    "keys": _keys,
    "database": _database,
    "rules": _approval,
    "permissions": looks.files,
    "clock": looks.clock,
    "places": keylooks.places,
    "key provider": keylooks.provider,
    "sealed contacts": keylooks.sealed,
    "log": looks.log,
    "verification": looks.verified,
    "witnesses": looks.outside,
    "backup": looks.backups,
    "erasures": keylooks.erasures,
    "deletion": _deletion,
    "registrations": _registrations,
    "endpoints": looks.carrier_endpoints,
    "OTTO": looks.otto,
}
_FOUNDATIONS = frozenset({"settings", "data directory", "policy", "database"})


def _line(finding: Finding) -> str:
    fix = f"\n{'':24}-> {finding.fix}" if finding.fix else ""
    return f"{finding.health:<8}{finding.part:<16}{finding.says}{fix}"
