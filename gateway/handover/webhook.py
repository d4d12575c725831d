"""Signs messages as Standard Webhooks says, so that any carrier's library can tell them from others.

The signed text is `id.timestamp.body`; v1 is HMAC-SHA-256 with the shared secret, v1a Ed25519 with
the gateway's own key. Each key that counts signs (Standard Webhooks 1.0.0, "Signature scheme").
"""

import base64
import hmac
from datetime import datetime

from gateway.handover.keys import CarrierKeys


def signed_headers(
    message_id: str, now: datetime, body: bytes, keys: CarrierKeys
) -> dict[str, str]:
    """The headers that prove `body`; a later attempt has the same id and its own time."""
    timestamp = str(int(now.timestamp()))
    text = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        *(("v1", hmac.digest(secret, text, "sha256")) for secret in keys.secrets),
        *(("v1a", sender.private.sign(text)) for sender in keys.senders),
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            f"{version},{base64.b64encode(signature).decode()}" for version, signature in signatures
        ),
    }
