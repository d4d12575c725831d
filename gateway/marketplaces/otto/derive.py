"""From OTTO's order to ours: a pure function."""

import json
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from gateway.marketplaces.deriving import Rejected, derived
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.otto.forms import ORDER_NUMBER
from gateway.marketplaces.otto.shapes import shaped
from gateway.model.order import Order


def prepare(raw: bytes, facts: OttoFacts) -> Order | Rejected:
    """`derive` for the bytes of a `RawOrder`, for a pool of processes.

    Reading them once more costs less than handing the decoded value over. What the stream refuses
    must not come here.
    """
    return derive(json.loads(raw), facts)


def derive(value: Mapping[str, Any], facts: OttoFacts) -> Order | Rejected:
    """The order that OTTO's JSON object `value` stands for, or why it does not hold."""
    try:
        order = shaped(value, facts.delivery_types)
    except ValidationError as fault:
        number = value.get("orderNumber")
        known = isinstance(number, str) and ORDER_NUMBER.fullmatch(number)
        return Rejected(number if known else None, fault.messages_dict)
    return derived(order, facts)
