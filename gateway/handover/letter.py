"""Seals what only one carrier may read: signed by the gateway, then encrypted to the carrier's key.

A nested JWT (RFC 7519 §A.2): inside, a JWS with EdDSA over Ed25519 (RFC 8037, RFC 9864); around it, a
JWE with ECDH-ES (P-256, X25519) or RSA-OAEP-256 and A256GCM. `aud` names the carrier, so that it
cannot pass the signed part on as if it had been meant for another.
"""

import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.handover.keys import SenderKey

_ENCRYPTION = "A256GCM"
_SIGNATURE = "Ed25519"


def sealed(claims: Mapping[str, Any], sender: SenderKey, recipient_pem: str) -> str:
    """The claims as a nested JWT in compact form, readable to the holder of the private key alone."""
    signed = jws.serialize_compact(
        {"alg": _SIGNATURE, "typ": "JWT", "kid": sender.key_id},
        json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode(),
        sender.jwk(),
        algorithms=[_SIGNATURE],
    )
    return _encrypted(signed, "JWT", recipient_pem)


def sealed_file(content: bytes, media_type: str, sender: SenderKey, recipient_pem: str) -> str:
    """A file as a signed message (JWS) inside an encrypted one (JWE), in compact form.

    The inner header names its media type and the key that signed it.
    """
    signed = jws.serialize_compact(
        {"alg": _SIGNATURE, "cty": media_type, "kid": sender.key_id},
        content,
        sender.jwk(),
        algorithms=[_SIGNATURE],
    )
    return _encrypted(signed, "JOSE", recipient_pem)


def _encrypted(signed: str, kind: str, recipient_pem: str) -> str:
    recipient, agreement = _recipient(recipient_pem)
    header = {"alg": agreement, "enc": _ENCRYPTION, "cty": kind, "kid": recipient.thumbprint()}
    return jwe.encrypt_compact(header, signed, recipient, algorithms=[agreement, _ENCRYPTION])


def _recipient(pem: str) -> tuple[ECKey | OKPKey | RSAKey, str]:
    """The carrier's key, and how a content key comes to its holder; ValueError for any other kind."""
    match load_pem_public_key(pem.encode()):
        case EllipticCurvePublicKey():
            return ECKey.import_key(pem), "ECDH-ES"
        case X25519PublicKey():
            return OKPKey.import_key(pem), "ECDH-ES"
        case RSAPublicKey():
            return RSAKey.import_key(pem), "RSA-OAEP-256"
        case _:
            raise ValueError("no key that can be encrypted to")
