"""Keyrings over real providers, on a clock that is moved by hand."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.vault.keyfile import KeyFile
from gateway.vault.keyring import Keyring
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


def a_keyring(path: Path, provider: Provider, ticks: Ticks) -> Keyring:
    """A keyring over one provider."""
    return Keyring(
        KeyFile(path), named({provider.name: provider}), provider.name, os.urandom, LIFETIME, ticks
    )


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
