"""What stands inside an envelope, as bytes; only sealing and opening call this."""

import json

from gateway.model.contact import FreightContact, Private, ShopContact


def encode_freight(contact: FreightContact) -> bytes:
    """A freight contact as JSON bytes."""
    return _bytes(
        {
            "name": contact.name.reveal(),
            "phone": _text(contact.phone),
            "phone_as_given": _text(contact.phone_as_given),
            "email": _text(contact.email),
        }
    )


def decode_freight(content: bytes) -> FreightContact:
    """The freight contact that `encode_freight` wrote."""
    fields = json.loads(content)
    return FreightContact(
        name=Private(fields["name"]),
        phone=_private(fields["phone"]),
        phone_as_given=_private(fields["phone_as_given"]),
        email=_private(fields["email"]),
    )


def encode_shop(contact: ShopContact) -> bytes:
    """A shop contact as JSON bytes."""
    return _bytes({"email": contact.email.reveal(), "deliverable": contact.deliverable})


def decode_shop(content: bytes) -> ShopContact:
    """The shop contact that `encode_shop` wrote."""
    fields = json.loads(content)
    return ShopContact(email=Private(fields["email"]), deliverable=fields["deliverable"])


# `json.dumps` would make one anew for each contact.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _bytes(fields: dict[str, str | bool | None]) -> bytes:
    return _ENCODER.encode(fields).encode()


def _text(value: Private | None) -> str | None:
    return None if value is None else value.reveal()


def _private(text: str | None) -> Private | None:
    return None if text is None else Private(text)
