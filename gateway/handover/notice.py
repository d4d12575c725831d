"""The body of a message: what stands outside for anybody on the way, and what is sealed inside.

Outside there is never more than whom it is for and what kind it is, or else an order's reference.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.handover.keys import CarrierKeys
from gateway.handover.letter import sealed
from gateway.model.carrier import Carrier
from gateway.model.times import rfc3339


@dataclass(frozen=True, slots=True)
class Notice:
    """Writes to one carrier, as `issuer`."""

    issuer: str
    merchant: str
    carrier: Carrier
    keys: CarrierKeys

    def body(self, kind: str, message_id: str, now: datetime, data: Mapping[str, Any]) -> bytes:
        """The message: `data` sealed for the carrier's key, or open where it registered none."""
        told = {"type": kind, "timestamp": rfc3339(now)}
        if self.carrier.public_key is None:
            return _json(told | {"data": dict(data)})
        claims = {
            "iss": self.issuer,
            "aud": self.carrier.carrier_id,
            "iat": int(now.timestamp()),
            "jti": message_id,
            **told,
            "data": data,
        }
        letter = sealed(claims, self.keys.senders[-1], self.carrier.public_key)
        outside = {"merchant": self.merchant, "carrier": self.carrier.carrier_id, "jwe": letter}
        return _json(told | {"data": outside})


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
