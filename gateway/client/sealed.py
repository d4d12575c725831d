"""Opens what the gateway sealed for one carrier: its key opens the outside, the gateway's proves the inside."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from gateway.client.faults import UnverifiedError

_AGREEMENTS = ["ECDH-ES", "RSA-OAEP-256", "A256GCM"]
_SIGNATURES = ["Ed25519"]


class Opener:
    """Opens with a carrier's private key (PEM), and takes only what one of the gateway's keys signed."""

    def __init__(self, private_key: bytes, public_keys: Sequence[str]) -> None:
        if not public_keys:
            raise ValueError(
                "what is opened must be proved: name the gateway's public keys, whpk_…"
            )
        self._private = load_private(private_key)
        self._public = {key.thumbprint(): key for key in map(_sender, public_keys)}

    def open(self, letter: str) -> tuple[Mapping[str, Any], bytes]:
        """The signed header and what was signed; UnverifiedError for anything else."""
        try:
            around = jwe.decrypt_compact(letter, self._private, algorithms=_AGREEMENTS)
            keys = KeySet(list(self._public.values()))
            inside = jws.deserialize_compact(around.plaintext or b"", keys, algorithms=_SIGNATURES)
        except (JoseError, ValueError) as fault:
            raise UnverifiedError(f"it does not open: {type(fault).__name__}") from None
        return inside.headers(), inside.payload


def raw_public_key(text: str) -> bytes:
    """The 32 bytes of a key as Standard Webhooks writes it; ValueError where it is none."""
    raw = base64.b64decode(text.removeprefix("whpk_"), validate=True)
    if not text.startswith("whpk_") or len(raw) != 32:
        raise ValueError("the gateway's public key begins with whpk_")
    return raw


def _sender(text: str) -> OKPKey:
    key = OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64.urlsafe_b64encode(raw_public_key(text)).rstrip(b"=").decode(),
        }
    )
    key.ensure_kid()
    return key


def verifying_key(text: str) -> Ed25519PublicKey:
    """The key that checks signatures outside of a letter."""
    return Ed25519PublicKey.from_public_bytes(raw_public_key(text))


def load_private(pem: bytes) -> ECKey | OKPKey | RSAKey:
    """The key in a PEM text that no password protects."""
    match load_pem_private_key(pem, password=None):
        case EllipticCurvePrivateKey():
            return ECKey.import_key(pem)
        case RSAPrivateKey():
            return RSAKey.import_key(pem)
        case _:
            return OKPKey.import_key(pem)
