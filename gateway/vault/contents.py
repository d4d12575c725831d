"""What stands inside an envelope, as bytes; only sealing and opening call this.

It is JSON, written from a template: every import passes here twice, to seal and to make a fingerprint.
"""

import json
from json.encoder import encode_basestring as _quote

from gateway.model.contact import FreightContact, Private, ShopContact


def encode_freight(contact: FreightContact) -> bytes:
    """A freight contact as JSON bytes."""
    return (
        f'{{"name":{_quote(contact.name.reveal())},'
        f'"phone":{_nullable(contact.phone)},'
        f'"phone_as_given":{_nullable(contact.phone_as_given)},'
        f'"email":{_nullable(contact.email)}}}'
    ).encode()


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
    deliverable = "true" if contact.deliverable else "false"
    return f'{{"email":{_quote(contact.email.reveal())},"deliverable":{deliverable}}}'.encode()


def decode_shop(content: bytes) -> ShopContact:
    """The shop contact that `encode_shop` wrote."""
    fields = json.loads(content)
    return ShopContact(email=Private(fields["email"]), deliverable=fields["deliverable"])


def _nullable(value: Private | None) -> str:
    return "null" if value is None else _quote(value.reveal())


def _private(text: str | None) -> Private | None:
    return None if text is None else Private(text)
