"""The doctor's looks at the keys: what wraps them, what they opened, what outlives the database.

A look may ask a provider; it must never make a key, nor show a secret.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gateway.cli.finding import Finding, Health
from gateway.cli.running import Run
from gateway.settings import ProviderName
from gateway.storage import erasure, rewrap
from gateway.storage.rewrap import WrappedDataKey
from gateway.usecases.backup import erased
from gateway.vault.envelope import proves
from gateway.vault.providers.provider import KeyDamaged, ProviderDown

_SAMPLE = 50
"""Contacts of a merchant that each key is tried on."""

_BRING_BACK = "gateway backup restore --keyring FILE --identity FILE"
_FIXES: Mapping[str, str] = {
    ProviderName.FILE: f"put keys.root_file back, or move keyring and root key away and {_BRING_BACK}",
    ProviderName.OPENBAO: "is it up, unsealed and reachable, and openbao.token_file a token with its policy?",
    ProviderName.KMS: "is the key enabled, kms.region right, and may these credentials encrypt and decrypt?",
    ProviderName.PKCS11: "is the token there, pkcs11.module and pkcs11.token right, and the PIN that of pin_file?",
}


def provider(run: Run) -> Iterator[Finding]:
    """Whether every provider that wraps a key unwraps it."""
    part, keyring = "key provider", run.services.keyring
    try:
        keyring.check()
    except ProviderDown as fault:
        fix = _FIXES.get(fault.provider, "install the version that wrote the keyring")
        yield Finding(part, Health.BROKEN, str(fault), fix)
    except KeyDamaged as fault:
        yield Finding(part, Health.BROKEN, str(fault), _BRING_BACK)
    else:
        held = "unwraps keys" if keyring.all() else "has wrapped no key yet"
        yield Finding(part, Health.OK, f"{run.settings.keys.provider} {held}")


def places(run: Run) -> Iterator[Finding]:
    """Whether one copy of one directory, or the loss of one disk, takes too much at once."""
    part, settings, quiet = "places", run.settings, True
    if settings.keys.provider is ProviderName.FILE and _is_beside(run, settings.keys.root):
        quiet = False
        says = "the root key stands beside what it opens: a copy of the data directory has all"
        yield Finding(part, Health.NOTE, says, "keys.root_file elsewhere, or another keys.provider")
    if settings.backup.recipients and _is_beside(run, settings.backup.tombstones):
        quiet = False
        says = "the list of erasures would be lost with the data directory that a backup replaces"
        yield Finding(part, Health.NOTE, says, "backup.tombstones_file on another disk")
    if quiet:
        yield Finding(part, Health.OK, "what opens, and what outlives, stands apart")


def _is_beside(run: Run, path: Path) -> bool:
    return path.resolve().is_relative_to(run.settings.data.resolve())


def sealed(run: Run) -> Iterator[Finding]:
    """Whether the keys are there that contacts were sealed with, and are those."""
    part, keyring = "sealed contacts", run.services.keyring
    held = {key.key_id for key in keyring.all()}
    with run.services.store.read() as connection:
        wrapped = erasure.contacts_by_key(connection)
        lost = sum(count for key_id, count in wrapped.items() if key_id not in held)
        if lost:
            says = f"{lost} contacts are under keys that the keyring does not hold"
            yield Finding(part, Health.BROKEN, says, _BRING_BACK)
        others = [
            key_id
            for key_id in sorted(held & wrapped.keys())
            for merchant in rewrap.merchants_of(connection, [key_id])
            if not _opens(run, rewrap.page(connection, merchant, rewrap.START, [key_id], _SAMPLE))
        ]
    for key_id in dict.fromkeys(others):
        says = f"{key_id} is another key than the one that contacts were sealed with"
        fix = f"the keyring is not this database's: move it away, then {_BRING_BACK}"
        yield Finding(part, Health.BROKEN, says, fix)
    replaced = {key.key_id for key in keyring.outdated()}
    if waiting := sum(count for key_id, count in wrapped.items() if key_id in replaced):
        says = f"{waiting} contacts are still under keys that newer ones have taken the place of"
        yield Finding(part, Health.NOTE, says, "gateway keys rewrap, or leave it to gateway serve")
    if not lost and not others:
        yield Finding(part, Health.OK, "each key opens what is under it")


def erasures(run: Run) -> Iterator[Finding]:
    """Whether the list of erasures knows the last ones that the log tells of."""
    part, path, services = "erasures", run.settings.backup.tombstones, run.services
    if erased.is_complete(services.store, services.keyring, run.settings.deadlines.longest):
        yield Finding(part, Health.OK, "the list that a restore goes by knows the last ones")
    else:
        says = f"{path} lacks the last ones: a restored backup would bring back what they erased"
        yield Finding(part, Health.BROKEN, says, "gateway backup create DIRECTORY writes it anew")


def _opens(run: Run, page: Sequence[WrappedDataKey]) -> bool:
    key = run.services.keyring.by_id(page[0].key_id)
    return key is not None and all(proves(one.wrapped_key, one.binding, key) for one in page)
