"""The keys by which a carrier knows the gateway: a secret that both share, and the gateway's own key.

Each carrier of each merchant has its own: a message for one proves nothing to another.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OKPKey

from gateway.audit.entry import Action, Actor, Outcome
from gateway.storage.store import Store, Transaction
from gateway.vault.keyring import Keyring, carrier_epoch
from gateway.vault.keys import Key, KeyUse

OVERLAP = timedelta(days=7)
"""After a rotation, how long the key before still counts: time for the carrier to take the new one."""


@dataclass(frozen=True, slots=True)
class SenderKey:
    """An Ed25519 key; `key_id` is its thumbprint (RFC 7638)."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, seed: bytes) -> Self:
        """The key that 32 bytes make."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def key_id(self) -> str:
        """The name that carriers find its public half by."""
        return self.jwk().thumbprint()

    def public_bytes(self) -> bytes:
        """The 32 bytes of the public half."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def jwk(self) -> OKPKey:
        """The key for signing."""
        return OKPKey(self.private, self.private)

    def shown_public_key(self) -> str:
        """The public half as Standard Webhooks serialises it."""
        return "whpk_" + base64.b64encode(self.public_bytes()).decode()

    def public_jwk(self) -> dict[str, Any]:
        """The public half as carriers register it (RFC 8037)."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64.urlsafe_b64encode(self.public_bytes()).rstrip(b"=").decode(),
            "kid": self.key_id,
            "use": "sig",
            "alg": "Ed25519",
        }


@dataclass(frozen=True, slots=True)
class CarrierKeys:
    """What counts now, the newest first: two of each for a while after a rotation."""

    secrets: tuple[bytes, ...] = field(repr=False)
    senders: tuple[SenderKey, ...]

    def shown_secret(self) -> str:
        """The shared secret as Standard Webhooks serialises it."""
        return "whsec_" + base64.b64encode(self.secrets[0]).decode()

    def shown_public_key(self) -> str:
        """The newest public key."""
        return self.senders[0].shown_public_key()


def carrier_keys(keyring: Keyring, merchant: str, carrier_id: str, now: datetime) -> CarrierKeys:
    """The keys for this carrier; made when they are first asked for."""
    secrets = keyring.carrier_keys(KeyUse.WEBHOOK, merchant, carrier_id, now)
    seeds = keyring.carrier_keys(KeyUse.SENDER, merchant, carrier_id, now)
    return CarrierKeys(
        tuple(bytes(key.secret.reveal()) for key in _counting(secrets, now)),
        tuple(SenderKey.of(bytes(key.secret.reveal())) for key in _counting(seeds, now)),
    )


def rotate(store: Store, keyring: Keyring, asker: Actor, merchant: str, carrier_id: str) -> None:
    """New keys for this carrier, on record; the ones before count for the time of `OVERLAP` still."""
    now = store.clock()
    carrier_keys(keyring, merchant, carrier_id, now)
    epoch = carrier_epoch(merchant, carrier_id)
    made = [keyring.add_version(use, epoch, now) for use in (KeyUse.WEBHOOK, KeyUse.SENDER)]

    def work(tx: Transaction) -> None:
        for key in made:
            detail = {"key": key.key_id}
            tx.record(asker, Action.KEY_ROTATED, Outcome.DONE, carrier=carrier_id, detail=detail)

    store.write(merchant, work)


def _counting(versions: list[Key], now: datetime) -> list[Key]:
    """The newest, and the one before as long as the newest is new."""
    fresh = now < versions[0].created_at + OVERLAP
    return versions[:2] if fresh else versions[:1]
