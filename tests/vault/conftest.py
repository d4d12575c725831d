"""Keyrings over real providers, on a clock that is moved by hand."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.vault.keyfile import KeyFile
from gateway.vault.keyring import Keyring
from gateway.vault.keys import KeyUse
from gateway.vault.providers.file import FileProvider
from gateway.vault.providers.provider import Provider, ProviderDown
from tests.vault.real import bao, bao_settings, kms_settings, pkcs11_settings, softhsm

__all__ = ["bao", "bao_settings", "kms_settings", "pkcs11_settings", "softhsm"]

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIFETIME = timedelta(seconds=600)


class Ticks:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


def named(providers: Mapping[str, Provider]) -> Callable[[str], Provider]:
    """A provider by its name; one that is not there does not answer."""

    def provider(name: str) -> Provider:
        if name not in providers:
            raise ProviderDown(name, "not here")
        return providers[name]

    return provider


@dataclass
class Stored:
    """What is stored by keys, as a database would tell."""

    versions: dict[tuple[KeyUse, str], int] = field(default_factory=dict)

    def are_any(self) -> bool:
        """Whether anything is."""
        return bool(self.versions)

    def newest_version(self, use: KeyUse, epoch: str) -> int:
        """As it was put there."""
        return self.versions.get((use, epoch), 0)


def a_keyring(
    path: Path, provider: Provider, ticks: Ticks, stored: Stored | None = None
) -> Keyring:
    """A keyring over one provider, beside a database that holds nothing if not told otherwise."""
    by_name = named({provider.name: provider})
    traces = stored or Stored()
    return Keyring(KeyFile(path), by_name, provider.name, os.urandom, LIFETIME, traces, ticks)


@pytest.fixture
def ticks() -> Ticks:
    """A clock of this test's own."""
    return Ticks()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a keyring goes."""
    return tmp_path / "data" / "keyring.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the file provider's root key goes."""
    return tmp_path / "apart" / "root.key"


@pytest.fixture
def open_keyring(path: Path, root: Path, ticks: Ticks) -> Callable[[], Keyring]:
    """Opens the keyring of this test once more, as another process would."""
    return lambda: a_keyring(path, FileProvider(root, os.urandom), ticks)


@pytest.fixture
def keyring(open_keyring: Callable[[], Keyring]) -> Keyring:
    """A keyring with the file provider."""
    return open_keyring()
