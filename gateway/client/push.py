"""Reads what the gateway pushes: nothing is taken that it did not sign for this carrier, just now.

Signatures: Standard Webhooks 1.0.0. A message may come more than once: remember `message_id` for a day
and take each once.
"""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.client.faults import UnverifiedError
from gateway.client.records import Released
from gateway.client.sealed import Opener, verifying_key
from gateway.model.times import parse_rfc3339

_SKEW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Challenge:
    """The gateway asks for a proof: answer 200 with `answer` as application/json."""

    message_id: str
    answer: bytes


@dataclass(frozen=True, slots=True)
class Pushed:
    """A contact; answer 2xx once it is kept."""

    message_id: str
    released: Released


@dataclass(frozen=True, slots=True)
class Available:
    """There is a contact to come for (POST /v1/releases); answer 2xx."""

    message_id: str
    order_number: str
    consignment: str | None


@dataclass(frozen=True, slots=True)
class Erased:
    """The buyer is erased at the gateway: erase what you received of this order (GDPR 17, 19)."""

    message_id: str
    order_number: str
    consignment: str | None
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Other:
    """A trial, or a kind that this version does not know; answer 2xx, and nothing else."""

    message_id: str
    kind: str


class Verifier:
    """Checks signatures with the shared secrets (whsec_…) or the gateway's public keys (whpk_…)."""

    def __init__(
        self,
        secrets: Sequence[str],
        public_keys: Sequence[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        if not secrets and not public_keys:
            raise ValueError("without a secret or a public key nothing can be verified")
        self._secrets = [base64.b64decode(it.removeprefix("whsec_")) for it in secrets]
        self._public = [verifying_key(it) for it in public_keys]
        self._now = now

    def message_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """The id of a message; UnverifiedError unless it was signed, within the last five minutes."""
        named = {name.lower(): value for name, value in headers.items()}
        try:
            message_id, timestamp = named["webhook-id"], named["webhook-timestamp"]
            given = [it.split(",", 1) for it in named["webhook-signature"].split(" ")]
            age = abs(self._now() - int(timestamp))
        except (KeyError, ValueError):
            raise UnverifiedError("the headers of a signed message are not all there") from None
        if age > _SKEW_SECONDS:
            raise UnverifiedError("the message is not of now")
        text = f"{message_id}.{timestamp}.".encode() + body
        if not any(self._holds(text, signature) for signature in given):
            raise UnverifiedError("no signature is the gateway's")
        return message_id

    def _holds(self, text: bytes, given: Sequence[str]) -> bool:
        try:
            version, signature = given[0], base64.b64decode(given[-1], validate=True)
        except binascii.Error:
            return False
        if version == "v1":
            wanted = [hmac.digest(secret, text, "sha256") for secret in self._secrets]
            return any(hmac.compare_digest(one, signature) for one in wanted)
        return version == "v1a" and any(_signed(key, signature, text) for key in self._public)


@dataclass(frozen=True, slots=True)
class Inbox:
    """Reads the messages for one carrier; `opener` where it registered a key."""

    carrier: str
    verifier: Verifier = field(repr=False)
    opener: Opener | None = field(repr=False)

    @classmethod
    def of(
        cls,
        carrier: str,
        *,
        secrets: Sequence[str],
        public_keys: Sequence[str] = (),
        private_key: bytes | None = None,
        now: Callable[[], float] = time.time,
    ) -> "Inbox":
        """With what `gateway handover keys` shows, and the carrier's own private key (PEM)."""
        opener = None if private_key is None else Opener(private_key, public_keys)
        return cls(carrier, Verifier(secrets, public_keys, now), opener)

    def read(
        self, headers: Mapping[str, str], body: bytes
    ) -> Challenge | Pushed | Available | Erased | Other:
        """A request's message; UnverifiedError: answer 401, and believe nothing of it."""
        message_id = self.verifier.message_id(headers, body)
        try:
            outside = json.loads(body)
            kind, data = str(outside["type"]), outside["data"]
            if self.opener is not None:
                data = self._opened(message_id, kind, str(data["jwe"]), self.opener)
            return _message(message_id, kind, data)
        except (ValueError, KeyError, TypeError):
            raise UnverifiedError("the message has not the form of one") from None

    def _opened(self, message_id: str, kind: str, letter: str, opener: Opener) -> Any:
        _, content = opener.open(letter)
        claims = json.loads(content)
        meant = (self.carrier, message_id, kind)
        if (claims["aud"], claims["jti"], claims["type"]) != meant:
            raise UnverifiedError("what is inside was not meant for this carrier and message")
        return claims["data"]


def _message(
    message_id: str, kind: str, data: Mapping[str, Any]
) -> Challenge | Pushed | Available | Erased | Other:
    match kind:
        case "endpoint.challenge":
            return Challenge(message_id, json.dumps({"challenge": data["challenge"]}).encode())
        case "contact.released":
            return Pushed(message_id, Released.of(data))
        case "contact.available":
            return Available(message_id, data["order_number"], data["consignment"])
        case "contact.erased":
            erased_at = parse_rfc3339(data["erased_at"])
            return Erased(message_id, data["order_number"], data["consignment"], erased_at)
        case _:
            return Other(message_id, kind)


def _signed(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True
