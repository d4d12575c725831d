"""Small secrets of the service itself are unreadable without the keyring, and bound to their owner."""

import os
from datetime import UTC, datetime

import pytest

from gateway.errors import Unavailable
from gateway.vault.keys import KeyUse
from gateway.vault.seals import Seals
from tests.world import World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_what_was_sealed_opens_for_its_owner_alone(world: World) -> None:
    """Also in another process with the same keyring; never for anybody else."""
    seals = Seals(world.services.keyring, KeyUse.CONSOLE, os.urandom)
    sealed = seals.seal(b"secret", "ada", NOW)
    assert b"secret" not in sealed
    assert seals.seal(b"secret", "ada", NOW) != sealed
    assert (
        Seals(world.services.keyring, KeyUse.CONSOLE, os.urandom).open(sealed, "ada") == b"secret"
    )
    with pytest.raises(Unavailable):
        seals.open(sealed, "bob")


def test_every_changed_byte_is_found(world: World) -> None:
    """A seal that was tampered with does not open."""
    seals = Seals(world.services.keyring, KeyUse.CONSOLE, os.urandom)
    sealed = seals.seal(b"secret", "ada", NOW)
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Unavailable):
            seals.open(changed, "ada")
