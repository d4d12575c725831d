"""Asks an endpoint to prove that it is the registered carrier's, before anything else is sent to it.

The challenge is a random text in a signed message; where the carrier registered a key it is sealed for
that key, so that only its holder can answer. The answer is 200 with {"challenge": the same text}.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.handover.exchange import Reply
from gateway.handover.keys import CarrierKeys
from gateway.handover.notice import Notice
from gateway.handover.webhook import signed_headers
from gateway.model.carrier import Carrier

if TYPE_CHECKING:
    from gateway.handover.line import Line

_OK = 200


def fingerprint(carrier: Carrier) -> bytes:
    """What meets the challenge: this address with this key. Another of either has to meet it anew."""
    text = f"{carrier.endpoint}\0{carrier.public_key or ''}"
    return hashlib.sha256(text.encode()).digest()


def is_met(
    line: "Line",
    notice: Notice,
    keys: CarrierKeys,
    message_id: str,
    now: datetime,
    random: bytes,
) -> bool:
    """Whether the other end of the line reads what is signed, and sealed, for it."""
    text = base64.urlsafe_b64encode(random).rstrip(b"=").decode()
    body = notice.body("endpoint.challenge", message_id, now, {"challenge": text})
    reply = line.post(signed_headers(message_id, now, body, keys), body)
    if not isinstance(reply, Reply) or reply.status != _OK:
        return False
    try:
        answer = json.loads(reply.body)
    except ValueError:
        return False
    given = answer.get("challenge") if isinstance(answer, dict) else None
    return isinstance(given, str) and hmac.compare_digest(given.encode(), text.encode())
