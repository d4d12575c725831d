"""AWS KMS: one wrapping key, which never leaves AWS; our key's name is its encryption context.

KMS bills each of its keys, so one wraps all of ours: destroying one of ours leaves its wrapped
copies in old keyring backups openable to whoever may use the KMS key. Those copies have to go.
"""

from typing import Any, Protocol

from gateway.errors import ConfigurationError
from gateway.settings import KmsSettings
from gateway.vault.providers.provider import KeyDamaged, ProviderDown

NAME = "aws-kms"
_DAMAGED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class _Client(Protocol):
    """The two calls of boto3's KMS client that serve here."""

    def encrypt(self, **arguments: Any) -> dict[str, Any]: ...

    def decrypt(self, **arguments: Any) -> dict[str, Any]: ...


class KmsProvider:
    """Wraps with `Encrypt`; who may is decided by the credentials that boto3 finds, and IAM."""

    name = NAME

    def __init__(self, settings: KmsSettings) -> None:
        self._key_id = settings.key_id
        self._client = _connected(settings.region)

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        """The ciphertext blob."""
        answer = self._ask(self._client.encrypt, key_id, Plaintext=secret)
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The secret."""
        return bytes(self._ask(self._client.decrypt, key_id, CiphertextBlob=wrapped)["Plaintext"])

    def forget(self, key_id: str) -> None:
        """Nothing: one KMS key wraps all of ours. Copies of the keyring have to go themselves."""

    def _ask(self, call: Any, key_id: str, **arguments: bytes) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  the extra "kms"

        try:
            answer: dict[str, Any] = call(
                KeyId=self._key_id, EncryptionContext={"gateway-key": key_id}, **arguments
            )
        except ClientError as fault:
            code = fault.response.get("Error", {}).get("Code", "")
            if code in _DAMAGED:
                raise KeyDamaged(self.name, key_id) from fault
            raise ProviderDown(self.name, f"{code} for key {self._key_id}") from fault
        except BotoCoreError as fault:
            raise ProviderDown(self.name, type(fault).__name__) from fault
        return answer


def _connected(region: str) -> _Client:
    try:
        import boto3  # noqa: PLC0415  the extra "kms"
        from botocore.config import Config  # noqa: PLC0415  as above
    except ImportError:
        raise ConfigurationError(
            'keys.provider = "aws-kms" needs boto3: pip install "contact-export-gateway[kms]"'
        ) from None
    quick = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
    client: _Client = boto3.client("kms", region_name=region, config=quick)
    return client
