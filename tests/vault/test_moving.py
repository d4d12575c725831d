"""Keys move from one provider to another, and a destruction reaches the provider that wrapped them."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gateway import settings
from gateway.settings import OpenBaoSettings
from gateway.vault.keyfile import KeyFile
from gateway.vault.keyring import Keyring
from gateway.vault.providers.choice import providers
from gateway.vault.providers.file import FileProvider
from gateway.vault.providers.openbao import OpenBaoProvider
from gateway.vault.providers.provider import KeyDamaged, ProviderDown
from tests.vault.conftest import LIFETIME, NOW, Stored, Ticks, named

DAY = date(2026, 11, 23)


@pytest.fixture
def bao_provider(bao_settings: OpenBaoSettings) -> OpenBaoProvider:
    """A real server's transit engine."""
    return OpenBaoProvider(bao_settings)


@pytest.fixture
def over_both(
    path: Path, root: Path, bao_provider: OpenBaoProvider, ticks: Ticks
) -> Callable[[str], Keyring]:
    """Opens the keyring with both providers at hand; the named one wraps."""
    both = {"file": FileProvider(root, os.urandom), "openbao": bao_provider}
    return lambda current: Keyring(
        KeyFile(path), named(both), current, os.urandom, LIFETIME, Stored(), ticks
    )


def test_keys_move_to_the_provider_that_is_configured(
    over_both: Callable[[str], Keyring], root: Path
) -> None:
    """Every key is wrapped anew; without the old provider they open all the same."""
    before = over_both("file")
    keys = [before.contact_key(DAY, NOW), before.index_key(NOW)]
    after = over_both("openbao")
    added = after.log_key(NOW)
    assert after.adopt() == [key.key_id for key in keys]
    assert after.adopt() == []
    root.unlink()
    fresh = over_both("openbao")
    for key in (*keys, added):
        found = fresh.by_id(key.key_id)
        assert found
        assert found.secret.reveal() == key.secret.reveal()


def test_a_provider_that_keys_moved_away_from_forgets_them(
    over_both: Callable[[str], Keyring], path: Path
) -> None:
    """What the old provider wrapped is worthless, in every copy of the keyring."""
    before = over_both("openbao")
    key = before.contact_key(DAY, NOW)
    copied = path.read_bytes()
    over_both("file").adopt()
    path.write_bytes(copied)
    with pytest.raises(KeyDamaged):
        over_both("openbao").by_id(key.key_id)


def test_a_destruction_reaches_copies_of_the_keyring(
    over_both: Callable[[str], Keyring], path: Path
) -> None:
    """With a wrapping key for each key, an old copy of the keyring opens nothing destroyed since."""
    keyring = over_both("openbao")
    gone, kept = keyring.contact_key(DAY, NOW), keyring.index_key(NOW)
    copied = path.read_bytes()
    keyring.destroy(gone.key_id, "revoked", NOW)
    (grave,) = keyring.settle()
    assert grave.forgotten
    path.write_bytes(copied)
    again = over_both("openbao")
    with pytest.raises(KeyDamaged):
        again.by_id(gone.key_id)
    assert again.by_id(kept.key_id) == kept


def test_a_destruction_is_brought_to_its_end_when_the_provider_is_back(
    over_both: Callable[[str], Keyring], bao_settings: OpenBaoSettings
) -> None:
    """The key is gone at once; the provider's part goes when it answers, and the log tells after."""
    keyring = over_both("openbao")
    key = keyring.contact_key(DAY, NOW)
    token = bao_settings.token_file.read_text()
    bao_settings.token_file.write_text("expired")
    keyring.destroy(key.key_id, "revoked", NOW)
    (grave,) = keyring.settle()
    assert not grave.forgotten
    assert keyring.by_id(key.key_id) is None
    bao_settings.token_file.write_text(token)
    (grave,) = keyring.settle()
    assert grave.forgotten
    assert not grave.recorded
    keyring.acknowledge(key.key_id)
    assert keyring.settle() == []
    (grave,) = keyring.graves()
    assert grave.recorded


def test_a_key_of_a_provider_that_is_not_configured_stays_where_it_is(
    path: Path, root: Path, ticks: Ticks
) -> None:
    """Moving stops at the first key that does not open; nothing is lost by it."""
    of_file = named({"file": FileProvider(root, os.urandom)})
    keyring = Keyring(KeyFile(path), of_file, "file", os.urandom, LIFETIME, Stored(), ticks)
    key = keyring.index_key(NOW)
    moving = Keyring(KeyFile(path), named({}), "openbao", os.urandom, LIFETIME, Stored(), ticks)
    with pytest.raises(ProviderDown):
        moving.adopt()
    assert keyring.by_id(key.key_id) == key


@pytest.mark.parametrize("name", ["file", "openbao"])
def test_each_provider_is_made_once(name: str, tmp_path: Path) -> None:
    """The settings give the same provider each time it is asked for."""
    choose = providers(settings.load({"GATEWAY_DATA": str(tmp_path)}), os.urandom)
    assert choose(name) is choose(name)
    assert choose(name).name == name


def test_an_unknown_provider_is_named(tmp_path: Path) -> None:
    """A keyring that a later version wrote names the provider that this one does not have."""
    with pytest.raises(ProviderDown, match="quantum"):
        providers(settings.load({"GATEWAY_DATA": str(tmp_path)}), os.urandom)("quantum")
