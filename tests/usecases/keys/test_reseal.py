"""Credentials and authenticators follow their keys: rotated, rewrapped and revoked, none is lost."""

import base64
import json
import os

import pyotp
import pytest

from gateway.errors import Unavailable
from gateway.model.account import Account, Office
from gateway.storage import accounts as stored
from gateway.usecases.people import accounts, factors
from gateway.vault.keys import KeyUse
from gateway.vault.seals import Seals, key_of
from tests.world import TESTER, World

OWNER = "otto:default"
SECRET = {"host": "local", "client_id": "app-4711", "client_secret": "invented"}


def no_pause(_seconds: float) -> None:
    """Nobody else writes."""


def an_account(world: World) -> tuple[Account, str]:
    """Somebody with an authenticator, and its secret."""
    account = accounts.create(world.store, "default", "ada@example.org", Office.REVIEWER)
    seed = pyotp.random_base32()
    code = pyotp.TOTP(seed).at(world.clock())
    factors.set_authenticator(world.store, world.services.authenticators, account, seed, code)
    return account, seed


def sealed(world: World, account: Account) -> bytes:
    """The authenticator's secret as it is stored."""
    with world.store.read() as connection:
        return stored.sealed_authenticators(connection)[account.account_id]


def test_secrets_come_under_the_new_keys_and_the_old_ones_can_go(world: World) -> None:
    """After a rotation everything opens as before, and no older version is needed for it."""
    services = world.services
    services.credentials.keep(OWNER, SECRET, world.clock())
    account, seed = an_account(world)
    rotated = services.key_care.rotate(TESTER)
    assert {"credentials-all-2", "console-all-2"} <= set(rotated.key_ids)
    assert services.credentials.find(OWNER) == SECRET
    assert services.rewrap().secrets == 2
    for use in ("credentials", "console"):
        services.key_care.revoke(TESTER, f"{use}-all-1", no_pause)
    assert services.credentials.key_ids() == {"credentials-all-2"}
    assert services.credentials.find(OWNER) == SECRET
    after = sealed(world, account)
    assert key_of(after) == "console-all-2"
    opened = services.authenticators.open(after, account.account_id)
    assert base64.b32encode(opened).decode() == seed
    assert services.rewrap().secrets == 0


def test_a_key_is_revoked_with_another_taking_its_place(world: World) -> None:
    """Without a rotation before it; the secret is the same."""
    services = world.services
    services.credentials.keep(OWNER, SECRET, world.clock())
    revoked = services.key_care.revoke(TESTER, "credentials-all-1", no_pause)
    assert revoked.replaced_by == "credentials-all-2"
    assert services.keyring.by_id("credentials-all-1") is None
    assert services.credentials.find(OWNER) == SECRET


def test_credentials_under_the_consoles_key_move_to_their_own(world: World) -> None:
    """As an early version sealed them; they open before and after."""
    services, path = world.services, world.settings.keys.keyring.with_name("credentials.json")
    early = Seals(services.keyring, KeyUse.CONSOLE, os.urandom)
    content = early.seal(json.dumps(SECRET).encode(), OWNER, world.clock())
    credentials = {OWNER: base64.b64encode(content).decode()}
    path.write_text(json.dumps({"format": 1, "credentials": credentials}))
    path.chmod(0o600)
    assert services.credentials.find(OWNER) == SECRET
    assert services.rewrap().secrets == 1
    assert services.credentials.key_ids() == {"credentials-all-1"}
    assert services.credentials.find(OWNER) == SECRET


def test_a_secret_that_does_not_open_keeps_the_others_from_nothing(world: World) -> None:
    """It stays as it is, and its key with it; the others move."""
    services, path = world.services, world.settings.keys.keyring.with_name("credentials.json")
    services.credentials.keep(OWNER, SECRET, world.clock())
    services.credentials.keep("otto:other", SECRET, world.clock())
    whole = json.loads(path.read_text())
    whole["credentials"]["otto:other"] = whole["credentials"][OWNER]
    path.write_text(json.dumps(whole))
    services.key_care.rotate(TESTER)
    assert services.rewrap().secrets == 1
    assert services.credentials.find(OWNER) == SECRET
    with pytest.raises(Unavailable, match="something is still under it"):
        services.key_care.revoke(TESTER, "credentials-all-1", no_pause)


def test_an_authenticator_that_was_changed_meanwhile_stays_the_new_one(world: World) -> None:
    """What was read before is not written over it."""
    account, _ = an_account(world)
    before = sealed(world, account)
    with world.store.change() as connection:
        stored.set_totp(connection, account.account_id, b"another", 1)
        assert not stored.reseal_authenticator(connection, account.account_id, before, b"older")
    assert sealed(world, account) == b"another"
