"""Gives each provider that the settings describe, made when it is first needed."""

from collections.abc import Callable
from functools import cache

from gateway.model.ids import Entropy
from gateway.settings import ProviderName, Settings
from gateway.vault.providers.file import FileProvider
from gateway.vault.providers.kms import KmsProvider
from gateway.vault.providers.pkcs11 import Pkcs11Provider
from gateway.vault.providers.provider import Provider, ProviderDown


def providers(settings: Settings, entropy: Entropy) -> Callable[[str], Provider]:
    """By name, as it stands beside a wrapped key; each is made once."""

    @cache
    def provider(name: str) -> Provider:
        match name:
            case ProviderName.FILE:
                return FileProvider(settings.keys.root, entropy)
            case ProviderName.OPENBAO:
                # Brings an HTTP client, which nobody else needs to begin.
                from gateway.vault.providers.openbao import OpenBaoProvider  # noqa: PLC0415

                return OpenBaoProvider(settings.openbao)
            case ProviderName.KMS:
                return KmsProvider(settings.kms)
            case ProviderName.PKCS11:
                return Pkcs11Provider(settings.pkcs11, entropy)
            case _:
                raise ProviderDown(name, "this version knows no such provider")

    return provider
