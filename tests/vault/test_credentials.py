"""Credentials of other services are kept sealed, for their owner alone, apart from the database."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import Unavailable
from gateway.vault.credentials import CredentialFile
from gateway.vault.keyring import Keyring
from gateway.vault.keys import KeyUse
from gateway.vault.seals import Seals
from tests.vault.conftest import NOW

SECRET = {"host": "local", "client_id": "app-4711", "client_secret": "hunter2 ä"}


@pytest.fixture
def file(open_keyring: Callable[[], Keyring], path: Path) -> CredentialFile:
    """A file that does not exist yet."""
    return CredentialFile(
        path.with_name("credentials.json"), Seals(open_keyring(), KeyUse.CREDENTIALS, os.urandom)
    )


def test_what_was_kept_is_found(file: CredentialFile) -> None:
    """By its owner; the last word counts."""
    assert file.find("otto:default") is None
    file.keep("otto:default", SECRET, NOW)
    file.keep("otto:other", {"client_id": "other"}, NOW)
    assert file.find("otto:default") == SECRET
    file.keep("otto:default", SECRET | {"client_secret": "new"}, NOW)
    assert file.find("otto:default") == SECRET | {"client_secret": "new"}
    assert file.owners() == ["otto:default", "otto:other"]


def test_another_process_finds_it(
    file: CredentialFile, open_keyring: Callable[[], Keyring], path: Path
) -> None:
    """With the keyring at hand, and only then."""
    file.keep("otto:default", SECRET, NOW)
    apart = path.with_name("credentials.json")
    assert (
        CredentialFile(apart, Seals(open_keyring(), KeyUse.CREDENTIALS, os.urandom)).find(
            "otto:default"
        )
        == SECRET
    )
    path.unlink()
    with pytest.raises(Unavailable, match="not in the keyring"):
        CredentialFile(apart, Seals(open_keyring(), KeyUse.CREDENTIALS, os.urandom)).find(
            "otto:default"
        )


def test_nothing_of_it_stands_in_the_clear(file: CredentialFile, path: Path) -> None:
    """And the file is its owner's alone."""
    file.keep("otto:default", SECRET, NOW)
    kept = path.with_name("credentials.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    for each in path.parent.iterdir():
        assert b"hunter2" not in each.read_bytes()
        assert b"app-4711" not in each.read_bytes()


def test_they_have_a_key_of_their_own(
    file: CredentialFile, open_keyring: Callable[[], Keyring]
) -> None:
    """What opens an authenticator's secret opens no other service's door."""
    file.keep("otto:default", SECRET, NOW)
    Seals(open_keyring(), KeyUse.CONSOLE, os.urandom).seal(b"seed", "ada", NOW)
    assert sorted(key.use for key in open_keyring().all()) == ["console", "credentials"]


def test_a_secret_serves_its_owner_alone(file: CredentialFile, path: Path) -> None:
    """Moved under another name it does not open."""
    file.keep("otto:default", SECRET, NOW)
    kept = path.with_name("credentials.json")
    kept.write_bytes(kept.read_bytes().replace(b"otto:default", b"otto:thief"))
    with pytest.raises(Unavailable, match="does not open"):
        file.find("otto:thief")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{", "damaged"), (b"[]", "no file of credentials"), (b'{"format": 7}', "no file")],
)
def test_a_file_that_is_something_else_is_told(
    file: CredentialFile, path: Path, content: bytes, says: str
) -> None:
    """By its name."""
    kept = path.with_name("credentials.json")
    kept.parent.mkdir(parents=True)
    kept.touch(0o600)
    kept.write_bytes(content)
    with pytest.raises(Unavailable, match=says):
        file.find("otto:default")


def test_a_file_that_is_open_to_others_is_refused(file: CredentialFile, path: Path) -> None:
    """With the command that mends it."""
    file.keep("otto:default", SECRET, NOW)
    path.with_name("credentials.json").chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        file.find("otto:default")


def test_a_place_that_takes_no_file_is_told(tmp_path: Path, keyring: Keyring) -> None:
    """Neither reading nor writing fails with a traceback."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    file = CredentialFile(
        blocked / "credentials.json", Seals(keyring, KeyUse.CREDENTIALS, os.urandom)
    )
    with pytest.raises(Unavailable, match="cannot be read"):
        file.find("otto:default")
    with pytest.raises(Unavailable, match="cannot be locked"):
        file.keep("otto:default", SECRET, NOW)
