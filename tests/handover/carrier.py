"""A carrier that takes pushed contacts: it trusts what the public libraries of its world can verify."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from standardwebhooks import Webhook

from gateway.handover.keys import CarrierKeys
from tests.handover.receiver import Received, Receiver, Said

KINDS = {
    "P-256": lambda: generate_private_key(SECP256R1()),
    "X25519": X25519PrivateKey.generate,
    "RSA": lambda: generate_rsa(65537, 2048),
}


class Private:
    """A carrier's key pair."""

    def __init__(self, kind: str = "P-256") -> None:
        key = KINDS[kind]()
        self.secret_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public_pem = public.decode()


@dataclass(frozen=True)
class Read:
    """A message as the carrier understands it."""

    message_id: str
    outside: dict[str, Any]
    inside: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its type."""
        return str(self.outside["type"])

    @property
    def contact(self) -> dict[str, Any]:
        """What it hands over."""
        return dict(self.inside["data"]["contact"])


class TakingCarrier:
    """Answers challenges, verifies and decrypts everything, and keeps it."""

    def __init__(self, receiver: Receiver, keys: CarrierKeys, private: Private | None) -> None:
        self.keys = keys
        self.private = private
        self.messages: list[Read] = []
        self.challenges = 0
        self.says: Said = Said(204)
        self.meets_challenges = True
        receiver.answer = self.answer

    def answer(self, received: Received) -> Said:
        """What the carrier's server answers."""
        message = self.read(received)
        if message.kind == "endpoint.challenge":
            self.challenges += 1
            given = message.inside["data"]["challenge"] if self.meets_challenges else "no"
            return Said(200, body=json.dumps({"challenge": given}).encode())
        self.messages.append(message)
        return self.says

    def read(self, received: Received) -> Read:
        """The message, verified by `standardwebhooks` and opened by `jwcrypto`."""
        outside = Webhook(self.keys.shown_secret()).verify(received.body, dict(received.headers))
        self._verify_v1a(received)
        inside = outside if self.private is None else self._opened(outside["data"]["jwe"])
        return Read(received.headers["webhook-id"], outside, inside)

    def _verify_v1a(self, received: Received) -> None:
        """Standard Webhooks' asymmetric signature; the public package knows the symmetric one alone."""
        named = received.headers
        text = f"{named['webhook-id']}.{named['webhook-timestamp']}.".encode() + received.body
        given = [it.split(",") for it in named["webhook-signature"].split(" ")]
        [signature] = [text for version, text in given if version == "v1a"]
        raw = base64.b64decode(self.keys.shown_public_key().removeprefix("whpk_"))
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), text)

    def _opened(self, letter: str) -> dict[str, Any]:
        assert self.private is not None
        around = JWE()
        around.deserialize(letter, JWK.from_pem(self.private.secret_pem))
        assert json.loads(around.objects["protected"])["cty"] == "JWT"
        inside = JWS()
        inside.allowed_algs = ["Ed25519"]
        sender = JWK(**self.keys.senders[-1].public_jwk())
        inside.deserialize(around.payload.decode(), sender)
        return dict(json.loads(inside.payload))
